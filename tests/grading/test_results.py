"""What a check has raised may be the fault of the time limit or of the machine."""

from __future__ import annotations

import pytest

from grader.errors import OVERTIME, Inconclusive, Violation
from grader.grading.results import excused

WRONG = Violation(expected="200", seen="404")


def not_asked() -> str:
    raise AssertionError("to ask costs a grade up to 50 ms")


@pytest.mark.parametrize("error", [None, Inconclusive("it starved")])
def test_nobody_asks_for_a_fault_of_the_machine_where_no_check_has_failed(error: Inconclusive | None) -> None:
    assert excused(error, None, overtime=None, machine_fault=not_asked) is error


def test_a_fault_of_the_machine_excuses_a_check_that_failed() -> None:
    found = excused(WRONG, None, overtime=None, machine_fault=lambda: "no more threads")
    assert isinstance(found, Inconclusive)
    assert str(found) == "no more threads"
    assert excused(WRONG, None, overtime=None, machine_fault=lambda: "") is WRONG


def test_after_the_time_limit_what_was_seen_does_not_count() -> None:
    found = excused(WRONG, None, overtime=Inconclusive(OVERTIME), machine_fault=not_asked)
    assert str(found) == OVERTIME
    assert excused(None, None, overtime=Inconclusive(OVERTIME), machine_fault=not_asked) is None
