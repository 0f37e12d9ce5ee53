"""Lines for editors: one for each check that did not pass, whatever an app has said, and one with the points."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from grader.model import Finding, Outcome, Place, Report
from grader.report import problems
from tests.hostile.corpus import TEXTS
from tests.hostile.places import GROUPS, filled
from tests.report.samples import FAILED, MIXED, PASSED, PERFECT, UNBOOTED

LINE = re.compile(r"(.+?):(\d+): (error|warning): (.*)")


def counted(report: Report) -> int:
    return report.count(Outcome.FAILED) + report.count(Outcome.INCONCLUSIVE)


@pytest.mark.parametrize("report", [MIXED, UNBOOTED, PERFECT], ids=["mixed", "not started", "perfect"])
def test_there_is_one_line_for_each_check_that_did_not_pass(report: Report) -> None:
    *lines, last = problems.render(report).splitlines()
    assert len(lines) == counted(report)
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert last.startswith(f"{report.title}: {report.points} of {report.possible} points")


def test_a_line_of_the_app_is_named_where_it_is_known() -> None:
    finding = Finding("a", "b", headline="it is wrong", place=Place("other.py", 12))
    report = replace(MIXED, app="kata-77/app.py", results=(PASSED, replace(FAILED, finding=finding)))
    assert problems.render(report).startswith(f"kata-77/other.py:12: error: {FAILED.check.title}: it is wrong\n")
    unknown = replace(report, results=(replace(FAILED, finding=replace(finding, place=None)),))
    assert problems.render(unknown).startswith("kata-77/app.py:1: error: ")
    elsewhere = replace(unknown, app="/class/ada/app.py")
    assert problems.render(elsewhere).startswith("app.py:1: error: ")


@pytest.mark.parametrize("group", GROUPS)
def test_no_text_of_an_app_makes_a_line(group: str) -> None:
    for text in TEXTS.values():
        report = filled(text, group)
        lines = problems.render(report).splitlines()
        assert len(lines) == counted(report) + 1
        assert not [line for line in lines if line.startswith("::") or "##[" in line]
