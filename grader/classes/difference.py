"""What differs between two ledgers, or between two specifications in one: by student, and by check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.classes.ledger import Grade, Ledger, Place, Row
from grader.classes.model import Student, Why
from grader.errors import UsageError


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
    """One submission that is on both sides, and whose grade differs, or what became of it.

    ``old`` and ``new`` are points, None where there is no decided grade; then ``became`` says, for each side, why there
    is none, such as "refused". ``student`` is as the newer ledger has them. ``checks`` has (check, outcome before,
    outcome now), with "" where there was none.
    """

    student: Student
    kata: str
    attempt: int
    old: int | None
    new: int | None
    checks: tuple[tuple[str, str, str], ...]
    became: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Difference:
    """``changes`` of the ``common`` submissions on both sides, and those that only one side has a result of."""

    common: int
    changes: tuple[Change, ...]
    only_old: tuple[Row, ...]
    only_new: tuple[Row, ...]


def difference(old: Side, new: Side) -> Difference:
    """What differs. Raises UsageError."""
    with Ledger.open(old.path) as before, Ledger.open(new.path) as now:
        earlier = {_place(row): row for row in _done(before, old)}
        later = {_place(row): row for row in _done(now, new)}
    both = [(earlier[place], row) for place, row in later.items() if place in earlier]
    return Difference(
        len(both),
        tuple(change for pair in both if (change := _change(*pair)) is not None),
        tuple(row for place, row in earlier.items() if place not in later),
        tuple(row for place, row in later.items() if place not in earlier),
    )


def _done(ledger: Ledger, side: Side) -> Iterator[Row]:
    """The rows that have a grade, by the specification of the side, or a reason for none."""
    digest = _digest(ledger, side) if side.specification else ""
    return (row for row in ledger.rows(specification=digest) if not row.is_waiting)


def _place(row: Row) -> Place:
    """Who has handed in nothing has no attempt: what they hand in then is the first one."""
    label, kata, attempt = row.place
    return label, kata, max(attempt, 1)


def _change(old: Row, new: Row) -> Change | None:
    checks = tuple(_checks(old.grade, new.grade)) if old.grade and new.grade else ()
    points, became = (_points(old), _points(new)), (_became(old), _became(new))
    if not checks and points[0] == points[1] and became[0] == became[1]:
        return None
    _, kata, attempt = _place(new)
    return Change(new.student, kata, attempt, *points, checks, became)


def _became(row: Row) -> str:
    """Why there are no points by checks; "" where there are."""
    if row.refusal is not None:
        return row.refusal.why.value
    if row.grade is not None and row.grade.trouble is not None:
        return Why.INFRASTRUCTURE.value
    return "" if row.is_decided else "undecided"


def _points(row: Row) -> int | None:
    return row.grade.points if row.grade is not None and row.grade.is_decided else None


def _digest(ledger: Ledger, side: Side) -> str:
    found = [digest for digest in ledger.specifications() if digest.startswith(side.specification)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(digest[:12] for digest in ledger.specifications())
    what = "several specifications" if found else "no specification"
    raise UsageError(f"{side.path} has {what} whose digest begins with {side.specification!r}: it has {known}.")


def _checks(old: Grade, new: Grade) -> Iterator[tuple[str, str, str]]:
    before, now = (json.loads(grade.outcomes or "{}") for grade in (old, new))
    for check in dict.fromkeys((*now, *before)):
        if before.get(check) != now.get(check):
            yield check, before.get(check, ""), now.get(check, "")
