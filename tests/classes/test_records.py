"""What the ledger keeps as text comes back: any report that JSON can hold."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classes import records
from grader.model import Check, Report, Requirement
from grader.report.read_json import NotAReport
from tests.report.generated import MICROSECONDS, reports

CHECK = Check("id", "title", 3, ("one", "two"), Requirement("RFC 9110", "text"), ("other",), is_law=True)


@given(reports(st.text(), MICROSECONDS))
def test_a_report_comes_back(report: Report) -> None:
    assert records.to_report(records.of_report(report)) == report


def test_checks_come_back() -> None:
    assert records.to_checks(records.of_checks([CHECK, Check("id", "", 1)])) == (CHECK, Check("id", "", 1))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"boot_failure": 1, "origin": 2}'])
def test_what_is_damaged_is_not_a_report(text: str) -> None:
    with pytest.raises(NotAReport):
        records.to_report(zlib.compress(text.encode()))
