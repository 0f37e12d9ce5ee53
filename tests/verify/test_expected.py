"""There is one right verdict on an app, unless it races: then some checks may fail, and one at least must."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.model import Check, Outcome
from grader.verify.expected import expectation, surprises
from grader.verify.reference import ReferenceApp, Role

P, F, B, I = Outcome  # noqa: E741
CHECKS = (Check("a", "", 1), Check("b", "", 1, after=("a",)), Check("c", "", 1, after=("b",)), Check("d", "", 1))


def app(role: Role, fails: str = "", may_fail: str = "") -> ReferenceApp:
    return ReferenceApp(role, Path("app.py"), frozenset(fails.split()), frozenset(may_fail.split()))


@pytest.mark.parametrize(
    ("role", "fails", "expected"),
    [
        (Role.SOLUTION, "", [P, P, P, P]),
        (Role.STUB, "", [F, B, B, F]),
        (Role.WRONG, "a", [F, B, B, P]),
        (Role.WRONG, "b d", [P, F, B, F]),
    ],
)
def test_there_is_one_right_verdict(role: Role, fails: str, expected: list[Outcome]) -> None:
    assert list(expectation(app(role, fails), CHECKS).values()) == expected


@pytest.mark.parametrize(
    ("fails", "may_fail", "seen", "found"),
    [
        ("d", "", [P, P, P, F], []),
        ("d", "", [P, P, P, P], [("d", F, P)]),
        ("b d", "", [P, F, B, P], [("d", F, P)]),
        ("d", "", [P, F, B, F], [("b", P, F), ("c", P, B)]),
        ("d", "", [P, P, I, F], []),
        ("d", "b", [P, P, P, F], []),
        ("d", "b", [P, F, B, F], []),
        ("d", "b", [P, F, B, P], [("d", F, P)]),
        ("a d", "b", [P, P, P, F], []),
        ("a d", "b", [F, B, B, P], []),
        ("a d", "b", [P, F, B, P], [("a", F, P), ("d", F, P)]),
        ("d", "b", [F, B, B, F], [("a", P, F)]),
        ("d", "b", [P, P, B, F], [("c", P, B)]),
        ("d", "b", [P, I, B, F], []),
        ("d", "b", [P, P, P, I], []),
    ],
)
def test_what_may_fail_is_no_surprise(
    fails: str, may_fail: str, seen: list[Outcome], found: list[tuple[str, Outcome, Outcome]]
) -> None:
    outcomes = dict(zip("abcd", seen, strict=True))
    assert list(surprises(app(Role.WRONG, fails, may_fail), CHECKS, outcomes)) == found


def test_nothing_is_expected_of_what_was_not_graded() -> None:
    assert list(surprises(app(Role.SOLUTION), CHECKS, {})) == []
