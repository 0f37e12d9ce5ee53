"""Why a check ended as it did, in one sentence."""

from __future__ import annotations

from dataclasses import replace

from grader.model import Outcome
from grader.report.reasons import reason, sentence
from tests.report.samples import BLOCKED, COMPARED, MIXED, PASSED, UNBOOTED


def test_a_check_that_passed_has_no_reason() -> None:
    assert (reason(PASSED, MIXED), sentence(PASSED, MIXED)) == (None, "")


def test_the_headline_is_the_reason_and_without_one_what_was_seen() -> None:
    assert sentence(COMPARED, MIXED) == "items: 2; expected: 3"
    assert sentence(BLOCKED, MIXED) == "that has not passed; expected: first “each item is an event of its own”"


def test_where_the_app_did_not_start_that_is_the_reason_of_each_check() -> None:
    assert {sentence(result, UNBOOTED) for result in UNBOOTED.results} == {
        "the app did not start: app.py raises KeyError while it is imported: 'k'"
    }
    failed = replace(COMPARED, outcome=Outcome.FAILED)
    assert reason(failed, UNBOOTED) == COMPARED.finding
