"""The gradebooks: one of our own, and those that Canvas and Moodle import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from grader.classes.model import GradedKata, Student
from grader.classes.results import keys
from grader.classes.results.cells import table
from grader.classes.results.mark import Mark
from grader.classes.results.student_page import points_of
from grader.errors import UsageError
from grader.model import Outcome
from grader.report.feedback import Feedback
from grader.score import scaled

#: As Canvas writes the row itself.
_POSSIBLE = "    Points Possible"
#: Each kata has a column of its title.
_OWN_TITLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Scale:
    """``out_of`` is what full marks are, in whole numbers that are rounded down; 0: points as they are."""

    out_of: int = 0

    def points(self, mark: Mark) -> str:
        """The points to book; "" where none are: a blank cell changes nothing."""
        if mark.points is None:
            return ""
        return str(scaled(mark.points, mark.possible, self.out_of)) if self.out_of else points_of(mark.points)

    def possible(self, points: int) -> str:
        """Full marks."""
        return str(self.out_of or points)


def plain(marks: Iterable[Mark], scale: Scale) -> str:
    """A row for each student and kata, with what became of it."""
    head = "student name email section kata score possible status attempts late taken remark".split()
    rows = (
        [
            mark.student.label,
            mark.student.name,
            mark.student.email,
            mark.student.section,
            mark.kata,
            scale.points(mark),
            scale.possible(mark.possible),
            mark.status.value,
            str(mark.attempts),
            mark.late,
            f"{mark.taken:g} %" if mark.taken else "",
            mark.trouble,
        ]
        for mark in marks
    )
    return table(head, rows)


def canvas(
    katas: Sequence[GradedKata], marks: Sequence[Mark], scale: Scale, columns: Mapping[str, str] = _OWN_TITLES
) -> str:
    """For Canvas: https://community.canvaslms.com, "How do I import grades in the Gradebook?".

    ``columns`` has the assignments of katas, by their names, as a roster from Canvas has them: with a number. One
    without a number is a new assignment. Raises UsageError where Canvas could find no student.
    """
    students, known = _students(marks), keys.at_canvas(marks)
    if len(keys.lost(known)) == len(known):
        names = ", ".join(keys.CANVAS)
        raise UsageError(
            f"Canvas finds students by {names}: grade with --roster and the gradebook that Canvas exports."
        )
    head = ["Student", *keys.CANVAS, "Section", *(columns.get(kata.name, kata.title) for kata in katas)]
    possible = [_POSSIBLE, "", "", "", "", *(scale.possible(kata.possible) for kata in katas)]
    by_both = _by_both(marks)
    rows = (
        [
            student.columns.get("Student", student.shown),
            *known[student.label],
            student.section or student.columns.get("Section", ""),
            *(
                scale.points(mark) if mark else ""
                for mark in (by_both.get((student.label, kata.name)) for kata in katas)
            ),
        ]
        for student in students
    )
    return table(head, [possible, *rows], keys=keys.CANVAS)


def moodle(
    katas: Sequence[GradedKata],
    marks: Sequence[Mark],
    scale: Scale,
    columns: Mapping[str, str] = _OWN_TITLES,
    *,
    feedback: Feedback = Feedback.FULL,
) -> str:
    """For Moodle, which asks at import what each column means: https://docs.moodle.org, "Grade import".

    Students see the second column of a kata as a comment, so there is no more in it than ``feedback`` allows.
    """
    students, known = _students(marks), keys.at_moodle(marks)
    head = [*keys.MOODLE, "Full name"]
    for kata in katas:
        column = columns.get(kata.name, kata.title)
        head += [column, f"{column} feedback"]
    by_both = _by_both(marks)
    rows = (
        [
            *known[student.label],
            student.shown,
            *(
                cell
                for kata in katas
                for cell in _with_feedback(by_both.get((student.label, kata.name)), scale, feedback)
            ),
        ]
        for student in students
    )
    return table(head, rows, keys=keys.MOODLE)


def _students(marks: Iterable[Mark]) -> list[Student]:
    found = {mark.student.label: mark.student for mark in marks}
    return sorted(found.values(), key=lambda student: (student.shown.casefold(), student.label))


def _by_both(marks: Iterable[Mark]) -> dict[tuple[str, str], Mark]:
    return {(mark.student.label, mark.kata): mark for mark in marks}


def _with_feedback(mark: Mark | None, scale: Scale, feedback: Feedback) -> tuple[str, str]:
    """Points, and what became of the checks, in numbers: which ones is in the student's page. For SCORE no numbers."""
    if mark is None or mark.points is None:
        return "", ""
    outcomes = [] if feedback is Feedback.SCORE else list((mark.outcomes or {}).values())
    counts = ", ".join(f"{outcomes.count(one)} {one.value}" for one in Outcome if outcomes.count(one))
    late = f"late: {mark.taken:g} % taken" if mark.taken else ""
    return scale.points(mark), mark.trouble or "; ".join(filter(None, (counts, late)))
