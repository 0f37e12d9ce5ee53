"""The facts of a class: each kata with its distribution, its checks, its misconceptions, and whom to look at."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.classes.model import GradedKata, Student
from grader.classes.results.likeness import Likeness, likenesses
from grader.classes.results.mark import Mark, Status
from grader.classes.results.misconceptions import Misconception, misconceptions
from grader.model import Check, Outcome

#: Parts of the points, in tenths; full marks are the last one, and have it for themselves.
_PARTS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """How many students have a share of the points from ``start`` percent on; the last bin is full marks."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Rate:
    """How a check ended, by the number of students. ``share`` is that of those who passed, of all that are decided."""

    check: Check
    counts: Mapping[Outcome, int]

    @property
    def decided(self) -> int:
        return sum(count for outcome, count in self.counts.items() if outcome is not Outcome.INCONCLUSIVE)

    @property
    def percent(self) -> int:
        """Rounded to the nearest, but 100 only where all have passed, and 0 only where nobody has."""
        passed = self.counts[Outcome.PASSED]
        if passed in (0, self.decided):
            return 100 if passed else 0
        return min(max((200 * passed + self.decided) // (2 * self.decided), 1), 99)


@dataclass(frozen=True, slots=True)
class KataOverview:
    """One kata of a class. ``marks`` are all of them, by student."""

    kata: GradedKata
    marks: tuple[Mark, ...]
    bins: tuple[Bin, ...]
    rates: tuple[Rate, ...]
    misconceptions: tuple[Misconception, ...]
    likenesses: tuple[Likeness, ...]

    @property
    def points(self) -> list[float]:
        """Those that are decided, of students who handed something in."""
        return [one.points for one in self.marks if one.points is not None and one.status is not Status.NO_SUBMISSION]

    @property
    def graded(self) -> int:
        """How many were graded, and decided."""
        return sum(mark.status is Status.GRADED for mark in self.marks)

    @property
    def median(self) -> float | None:
        return statistics.median(self.points) if self.points else None

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.points) if self.points else None

    @property
    def late(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.late]

    @property
    def undecided(self) -> list[Mark]:
        """Those without points by the machine's fault, unclear, or not graded yet."""
        return [mark for mark in self.marks if not mark.is_decided]

    @property
    def without_report(self) -> list[Mark]:
        """Those of which nothing could be graded."""
        return [mark for mark in self.marks if mark.status in (Status.NO_SUBMISSION, Status.UNREADABLE, Status.REFUSED)]


@dataclass(frozen=True, slots=True)
class Overview:
    """A class: its katas, and each student with a mark for each kata, in the same order."""

    title: str
    katas: tuple[KataOverview, ...]
    rows: tuple[tuple[Student, tuple[Mark, ...]], ...]


def overview(
    title: str,
    katas: Sequence[GradedKata],
    marks: Sequence[Mark],
    *,
    forms: Mapping[tuple[str, str], str],
) -> Overview:
    """The facts of a class. ``forms`` has normal forms by kata and digest, as a ledger keeps them."""
    by_student: dict[str, dict[str, Mark]] = {}
    for mark in marks:
        by_student.setdefault(mark.student.label, {})[mark.kata] = mark
    rows = [
        (next(iter(found.values())).student, tuple(found[kata.name] for kata in katas if kata.name in found))
        for found in by_student.values()
    ]
    return Overview(title, tuple(_of_kata(kata, marks, forms) for kata in katas), tuple(sorted(rows, key=_name)))


def _name(row: tuple[Student, tuple[Mark, ...]]) -> tuple[str, str]:
    return row[0].shown.casefold(), row[0].label


def _of_kata(kata: GradedKata, marks: Sequence[Mark], forms: Mapping[tuple[str, str], str]) -> KataOverview:
    found = sorted((mark for mark in marks if mark.kata == kata.name), key=lambda mark: _name((mark.student, ())))
    of_kata = {digest: form for (name, digest), form in forms.items() if name == kata.name}
    return KataOverview(
        kata=kata,
        marks=tuple(found),
        bins=tuple(_bins(found)),
        rates=tuple(_rate(check, found) for check in kata.checks),
        misconceptions=tuple(misconceptions(found)),
        likenesses=tuple(likenesses(found, of_kata)),
    )


def _bins(marks: Sequence[Mark]) -> list[Bin]:
    counts = [0] * (_PARTS + 1)
    for mark in marks:
        if mark.points is not None and mark.possible and mark.status is not Status.NO_SUBMISSION:
            counts[int(_PARTS * mark.points / mark.possible)] += 1
    labels = [f"{100 * at // _PARTS} to {100 * (at + 1) // _PARTS - 1} %" for at in range(_PARTS)]
    return [Bin(label, count) for label, count in zip([*labels, "full marks"], counts, strict=True)]


def _rate(check: Check, marks: Sequence[Mark]) -> Rate:
    """Of those whose app was looked at: who handed in nothing has no part in it."""
    found = [
        mark.outcomes[check.id] for mark in marks if mark.outcomes and check.id in mark.outcomes and _was_run(mark)
    ]
    return Rate(check, {outcome: found.count(outcome) for outcome in Outcome})


def _was_run(mark: Mark) -> bool:
    return mark.status in (Status.GRADED, Status.UNDECIDED)
