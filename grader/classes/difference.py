"""What differs between two ledgers, or between two specifications in one: by student, and by check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.classes.ledger import Grade, Ledger, Row
from grader.classes.model import Student
from grader.errors import UsageError

#: A student's label, a kata and an attempt.
Place = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a ledger, and of it the grades by the specification whose digest begins so."""

    path: Path
    specification: str = ""

    @classmethod
    def read(cls, text: str) -> Side:
        """RESULTS, or RESULTS@DIGEST with the beginning of a digest."""
        path, at, digest = text.rpartition("@")
        return cls(Path(path), digest) if at and path and not Path(text).exists() else cls(Path(text))


@dataclass(frozen=True, slots=True)
class Change:
    """One submission whose grade differs. ``old`` and ``new`` are points, None where there is no decided grade.

    ``student`` is as the newer ledger has them. ``checks`` has (check, outcome before, outcome now), with "" where
    there was none.
    """

    student: Student
    kata: str
    attempt: int
    old: int | None
    new: int | None
    checks: tuple[tuple[str, str, str], ...]


def changes(old: Side, new: Side) -> Iterator[Change]:
    """Each submission that is in both, and whose grade differs. Raises UsageError."""
    with Ledger.open(old.path) as before, Ledger.open(new.path) as now:
        earlier = {_place(row): grade for row, grade in _graded(before, old)}
        for row, grade in _graded(now, new):
            if (other := earlier.get(_place(row))) is not None:
                checks = tuple(_checks(other, grade))
                if checks or _points(other) != _points(grade):
                    of = row.submission
                    yield Change(row.student, of.kata, of.attempt, _points(other), _points(grade), checks)


def _graded(ledger: Ledger, side: Side) -> Iterator[tuple[Row, Grade]]:
    digest = _digest(ledger, side) if side.specification else ""
    for row in ledger.rows(specification=digest):
        if row.grade is not None:
            yield row, row.grade


def _place(row: Row) -> Place:
    return row.student.label, row.submission.kata, row.submission.attempt


def _digest(ledger: Ledger, side: Side) -> str:
    found = [digest for digest in ledger.specifications() if digest.startswith(side.specification)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(digest[:12] for digest in ledger.specifications())
    what = "several specifications" if found else "no specification"
    raise UsageError(f"{side.path} has {what} whose digest begins with {side.specification!r}: it has {known}.")


def _points(grade: Grade) -> int | None:
    return grade.points if grade.is_decided else None


def _checks(old: Grade, new: Grade) -> Iterator[tuple[str, str, str]]:
    before, now = (json.loads(grade.outcomes or "{}") for grade in (old, new))
    for check in dict.fromkeys((*now, *before)):
        if before.get(check) != now.get(check):
            yield check, before.get(check, ""), now.get(check, "")
