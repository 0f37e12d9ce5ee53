"""Exports of a class by name: gradebooks in one file, and each format of a report with a file for each student."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classes.ledger import Ledger
from grader.classes.model import Entry, GradedKata
from grader.classes.results import class_page, gradebook, student_page
from grader.classes.results.gathering import gather
from grader.classes.results.gradebook import Scale
from grader.classes.results.mark import Mark
from grader.classes.results.naming import file_names
from grader.classes.results.overview import overview
from grader.errors import Inconclusive, UsageError
from grader.report import formats, junit
from grader.report.destination import Destination
from grader.report.feedback import Feedback
from grader.text import did_you_mean

#: The formats of a whole class, in one file.
OF_CLASS = ("csv", "canvas", "moodle", "junit", "page")
#: The endings of the files of formats for each student; of any other one it is .json.
_ENDINGS = {
    "html": ".html",
    "markdown": ".md",
    "text": ".txt",
    "github-summary": ".md",
    "github-annotations": ".txt",
    "github-classroom": ".txt",
}


@dataclass(frozen=True, slots=True)
class Export:
    """``undecided`` are the labels of students without points, by the machine's fault, or not graded yet.

    ``tells`` says that the export itself says so. Where it does not, the instructor has to know.
    """

    text: str
    undecided: tuple[str, ...]
    tells: bool


def of_class(ledger: Ledger, name: str, *, scale: Scale, feedback: Feedback | None) -> Export:
    """The export in one file. Raises UsageError where the ledger does not have what the format needs."""
    if name == "junit":
        return _junit(ledger, feedback or Feedback.FULL)
    marks = gather(ledger)
    undecided = tuple(sorted({mark.student.label for mark in marks if not mark.is_decided}))
    katas = ledger.katas()
    match name:
        case "canvas":
            return Export(gradebook.canvas(katas, marks, scale), undecided, tells=False)
        case "moodle":
            return Export(gradebook.moodle(katas, marks, scale), undecided, tells=False)
        case "page":
            found = overview(ledger.settings.title, katas, marks, forms=ledger.forms())
            return Export(class_page.render(found), undecided, tells=True)
        case _:
            return Export(gradebook.plain(marks, scale), undecided, tells=True)


def _junit(ledger: Ledger, feedback: Feedback) -> Export:
    suites = []

    def add(entry: Entry, kata: GradedKata) -> str:
        suites.append(junit.suite(student_page.shown(entry, kata, feedback), name=f"{entry.student.label}: "))
        return ""

    marks = gather(ledger, add)
    return Export(junit.document(suites), _undecided(marks), tells=True)


def _undecided(marks: Sequence[Mark]) -> tuple[str, ...]:
    return tuple(sorted({mark.student.label for mark in marks if not mark.is_decided}))


def of_students(ledger: Ledger, name: str, folder: Path, *, feedback: Feedback | None) -> Export:
    """A file for each student in ``folder``, in a format of a report. Raises UsageError where no format has this name.

    ``undecided`` are those of whom the format has no word, so that nothing is written.
    """
    render = find(name)
    names = file_names(student.label for student in ledger.students())
    is_one_kata = len(ledger.katas()) == 1
    refused: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)

    def write(entry: Entry, kata: GradedKata) -> str:
        report = student_page.shown(entry, kata, feedback or ledger.settings.feedback)
        base = names[entry.student.label] + ("" if is_one_kata else f".{kata.id.replace(':', '-')}")
        destination = Destination(str(folder / f"{base}{_ENDINGS.get(name, '.json')}"))
        try:
            destination.write(render(report))
        except Inconclusive:
            destination.clear()  # of an earlier export: no grade is better than an old one
            refused.append(entry.student.label)
        return ""

    gather(ledger, write)
    return Export("", tuple(refused), tells=False)


def find(name: str) -> Callable[..., bytes]:
    """The format of a report. Raises UsageError, which names those of a class, too."""
    try:
        return formats.find(name)
    except UsageError:
        known = [*OF_CLASS, *formats.BUILT_IN]
        if name in known:
            raise
        raise UsageError(
            f"There is no export {name!r}.{did_you_mean(name, known)} There are {', '.join(dict.fromkeys(known))}."
        ) from None
