"""From results to a verdict."""

from __future__ import annotations

import itertools

import pytest

from grader.exits import Exit
from grader.model import BootFailure, Check, CheckResult, Outcome, Report
from grader.score import exit_code, first_failure, is_decided, scaled, share

P, F, B, I = Outcome  # noqa: E741


def report(*outcomes: Outcome, boots: bool = True) -> Report:
    results = tuple(CheckResult(Check(f"check_{n}", "title", 2), outcome) for n, outcome in enumerate(outcomes))
    failure = None if boots else BootFailure("it does not start")
    return Report("kata-1-x", "Title", "app.py", "seed", "grade kata-1", results, boot_failure=failure)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((P, P), Exit.PASSED),
        ((P, F), Exit.FAILED),
        ((F, B, B), Exit.FAILED),
        ((F, I), Exit.FAILED),  # a failure is certain, whatever else is inconclusive
        ((I, P), Exit.UNDECIDED),
        ((I, B), Exit.UNDECIDED),  # blocked by an inconclusive check
    ],
)
def test_the_exit_code_follows_from_the_outcomes(outcomes: tuple[Outcome, ...], code: Exit) -> None:
    for order in itertools.permutations(outcomes):
        assert exit_code(report(*order)) is code


def test_an_app_that_does_not_start_has_failed() -> None:
    assert exit_code(report(F, F, boots=False)) is Exit.FAILED


def test_the_codes_are_those_that_are_documented() -> None:
    assert {code.name: code.value for code in Exit} == {"PASSED": 0, "FAILED": 1, "USAGE": 2, "UNDECIDED": 3}


def test_only_what_passed_earns_points() -> None:
    graded = report(P, F, B, I, P)
    assert (graded.points, graded.possible) == (4, 10)
    assert [graded.count(outcome) for outcome in Outcome] == [2, 1, 1, 1]


def test_the_first_failed_check_is_the_one_to_fix_first() -> None:
    assert first_failure(report(P, I, B, F, F)) == report(P, I, B, F, F).results[3]
    assert first_failure(report(P, I, B)) is None


@pytest.mark.parametrize(
    ("outcomes", "boots", "decided"),
    [
        ((P, P), True, True),
        ((P, F, B), True, True),
        ((P, I), True, False),
        ((F, I), True, False),
        ((F, F), False, True),
    ],
)
def test_points_are_final_unless_some_check_is_inconclusive(
    outcomes: tuple[Outcome, ...], boots: bool, decided: bool
) -> None:
    assert is_decided(report(*outcomes, boots=boots)) is decided


@pytest.mark.parametrize(
    ("points", "possible", "out_of", "found"),
    [(36, 36, 100, 100), (35, 36, 100, 97), (35.99, 36, 10, 9), (0.29, 1, 100, 29), (0, 36, 10, 0), (0, 0, 10, 0)],
)
def test_scaled_points_are_full_for_full_marks_only(points: float, possible: int, out_of: int, found: int) -> None:
    assert scaled(points, possible, out_of) == found
    assert share(points, possible) <= 1
