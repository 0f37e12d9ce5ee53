"""By what Canvas and Moodle find a student in a gradebook: columns whose cells stay as the platform has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grader.classes.intake import naming
from grader.classes.model import Student, Submission
from grader.classes.results.cells import key
from grader.classes.results.mark import Mark

#: The columns by which a student is found; one of them is enough.
CANVAS = ("ID", "SIS User ID", "SIS Login ID")
MOODLE = ("Username", "ID number", "Email address")

#: The cells of a student below these columns, by labels.
Keys = Mapping[str, tuple[str, ...]]


def at_canvas(marks: Iterable[Mark]) -> Keys:
    """The number is that of a file that Canvas gave out, or of its gradebook."""
    found: dict[str, tuple[str, ...]] = {}
    for mark in marks:
        label, (_, *logins) = mark.student.label, _columns(mark.student, CANVAS)
        before = found.get(label, ("",))[0]
        found[label] = (before or number_at_canvas(mark.student, mark.submission), *logins)
    return found


def at_moodle(marks: Iterable[Mark]) -> Keys:
    """An address may also be of a roster that calls its column otherwise."""
    students = {mark.student.label: mark.student for mark in marks}
    return {label: (*_columns(student, MOODLE[:2]), student.email) for label, student in students.items()}


def lost(keys: Keys) -> tuple[str, ...]:
    """The labels of students whom the platform finds by nothing: no cell is there that is written as it is."""
    return tuple(
        sorted(label for label, cells in keys.items() if not any(cell and key(cell) == cell for cell in cells))
    )


def number_at_canvas(student: Student, submission: Submission | None) -> str:
    """By the name of the file that Canvas gave out, or by its gradebook; "" where neither has it."""
    (number,) = _columns(student, ("ID",))
    of_file = naming.number_at_canvas(submission.source) if submission else ""
    return of_file or (number if number.isascii() and number.isdigit() else "")


def _columns(student: Student, names: Iterable[str]) -> tuple[str, ...]:
    """What the roster has below these headers, in small or large letters."""
    known = {name.casefold(): text for name, text in student.columns.items()}
    return tuple(known.get(name.casefold(), "") for name in names)
