"""The outcomes that a reference app must have: which checks it fails each time, and which it may fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from grader.model import Check, Outcome
from grader.verify.reference import ReferenceApp, Role

#: A check, the outcome that it must have, and the one that it has.
Surprise = tuple[str, Outcome, Outcome]


def expectation(app: ReferenceApp, checks: Iterable[Check]) -> dict[str, Outcome]:
    """The one right verdict: failed where a wrong app's docstring says so, blocked by that, otherwise passed."""
    expected: dict[str, Outcome] = {}
    for check in checks:
        if any(expected.get(name) is not Outcome.PASSED for name in check.after):
            expected[check.id] = Outcome.BLOCKED
        elif app.role is Role.STUB or check.id in app.fails:
            expected[check.id] = Outcome.FAILED
        else:
            expected[check.id] = Outcome.PASSED
    return expected


def surprises(app: ReferenceApp, checks: Iterable[Check], outcomes: Mapping[str, Outcome]) -> Iterator[Surprise]:
    """The outcomes that are not right; what is inconclusive is neither.

    Of an app that may fail some checks, at least one of those that it must fail fails each time.
    """
    found = _of_a_race(app, checks, outcomes) if app.may_fail else _of_one_verdict(app, checks, outcomes)
    yield from (surprise for surprise in found if surprise[2] is not Outcome.INCONCLUSIVE)


def _of_one_verdict(app: ReferenceApp, checks: Iterable[Check], outcomes: Mapping[str, Outcome]) -> Iterator[Surprise]:
    for name, expected in expectation(app, checks).items():
        seen = outcomes.get(name, expected)
        if seen is not expected:
            yield name, expected, seen


def _of_a_race(app: ReferenceApp, checks: Iterable[Check], outcomes: Mapping[str, Outcome]) -> Iterator[Surprise]:
    failed = {name for name, outcome in outcomes.items() if outcome is Outcome.FAILED}
    for check in checks:
        seen = outcomes.get(check.id, Outcome.PASSED)
        is_blocked = any(outcomes.get(name) is not Outcome.PASSED for name in check.after)
        if check.id in app.fails and not failed & app.fails:
            yield check.id, Outcome.FAILED, seen
        elif (check.id in failed and check.id not in app.fails | app.may_fail) or (
            seen is Outcome.BLOCKED and not is_blocked
        ):
            yield check.id, Outcome.PASSED, seen
