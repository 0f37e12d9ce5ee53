"""The audit of a ledger: each submission has a result, and all sums agree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from grader.classes.gone import FACT, decode
from grader.classes.ledger import Grade, Ledger
from grader.classes.model import Why
from grader.model import Outcome
from grader.report.advice import why_undecided
from grader.score import first_broken


class State(Enum):
    """What a submission has come to."""

    GRADED = "graded"
    OLD = "graded by an earlier specification, grader or seed"
    UNDECIDED = "undecided"
    BROKEN = "broken"
    INFRASTRUCTURE = "infrastructure"
    UNCLEAR = "unclear"
    NO_SUBMISSION = "no submission"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Audit:
    """How many submissions are in each state; which cannot be graded, and why; whose grade failed by the fault of the
    machine, or is still to come; what does not agree; which are no longer in the folder of submissions; of which it is
    not clear what was handed in; and of which checks are undecided because the specification or the grader broke."""

    states: Counter[State]
    refusals: tuple[str, ...]
    failures: tuple[str, ...]
    waiting: tuple[str, ...]
    problems: tuple[str, ...]
    gone: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.states.total()


def audit(ledger: Ledger) -> Audit:
    """Look at each submission in the ledger."""
    points = {(kata.name, check.id): check.points for kata in ledger.katas() for check in kata.checks}
    states: Counter[State] = Counter()
    refusals, failures, waiting, problems, absent, unclear, broken = [], [], [], [], [], [], []
    no_more = decode(ledger.fact(FACT))
    for row in ledger.rows():
        state = _of_refusal(row.refusal.why) if row.refusal else _of_grade(row.grade)
        whose = f"{row.student.named}, {row.submission.kata}"
        whose += f", attempt {row.submission.attempt}" if row.submission.attempt > 1 else ""
        if row.place in no_more:
            absent.append(whose)
        undecided = ledger.report_of(row.grade, whose) if row.grade and state is State.UNDECIDED else None
        if undecided and first_broken(undecided):
            state = State.BROKEN
        states[state] += 1
        match state:
            case State.INFRASTRUCTURE:
                why = row.refusal.sentence if row.refusal else row.grade.trouble if row.grade else ""
                failures.append(f"{whose}: {why}")
            case State.UNCLEAR if row.refusal:
                unclear.append(f"{whose}: {row.refusal.sentence}")
            case State.UNDECIDED if undecided:
                failures.append(f"{whose}: {why_undecided(undecided)}")
            case State.BROKEN if undecided:
                broken.append(f"{whose}: {why_undecided(undecided)}")
            case State.NO_SUBMISSION | State.UNREADABLE | State.REFUSED if row.refusal:
                refusals.append(f"{whose}: {row.refusal.sentence}")
            case State.WAITING:
                waiting.append(whose)
            case _ if row.grade and row.grade.is_current:
                problems += [f"{whose}: {fault}" for fault in _faults(row.grade, row.submission.kata, points)]
    return Audit(
        states,
        tuple(refusals),
        tuple(failures),
        tuple(waiting),
        tuple(problems),
        gone=tuple(absent),
        unclear=tuple(unclear),
        broken=tuple(broken),
    )


def _of_refusal(why: Why) -> State:
    return State(why.value)


def _of_grade(grade: Grade | None) -> State:
    if grade is None:
        return State.WAITING
    if grade.trouble is not None:
        return State.INFRASTRUCTURE
    if not grade.is_decided:
        return State.UNDECIDED
    return State.GRADED if grade.is_current else State.OLD


def _faults(grade: Grade, kata: str, points: dict[tuple[str, str], int]) -> Iterator[str]:
    outcomes = json.loads(grade.outcomes or "{}")
    passed = sum(points.get((kata, check), 0) for check, value in outcomes.items() if value == Outcome.PASSED.value)
    if passed != grade.points:
        yield f"it has {grade.points} points, and the checks that passed have {passed}"
    of_all = {check for name, check in points if name == kata}
    if outcomes.keys() != of_all:
        yield f"it has {len(outcomes)} checks, and the specification {len(of_all)}"
    possible = sum(points.get((kata, check), 0) for check in outcomes)
    if possible != grade.possible:
        yield f"it has {grade.possible} possible points, and its checks {possible}"
