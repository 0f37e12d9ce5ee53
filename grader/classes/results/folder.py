"""The folder of a class's results: index.html for the instructor, students/ to hand out, gradebook.csv."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from grader.classes.ledger import Ledger
from grader.classes.model import Entry, GradedKata
from grader.classes.results import class_page, gradebook, student_page
from grader.classes.results.gathering import gather
from grader.classes.results.gradebook import Scale
from grader.classes.results.naming import file_names
from grader.classes.results.overview import overview
from grader.errors import Inconclusive
from grader.report.destination import Destination
from grader.report.feedback import Feedback

STUDENTS: Final = "students"


@dataclass(slots=True)
class _Pages:
    """Writes a page and Markdown for each student; ``written`` are the names of the files."""

    folder: Path
    feedback: Feedback
    names: dict[str, str]
    is_one_kata: bool
    written: set[str] = field(default_factory=set)

    def write(self, entry: Entry, kata: GradedKata) -> str:
        """Returns the address of the page, seen from the class's page."""
        report = student_page.shown(entry, kata, self.feedback)
        base = self.names[entry.student.label] + ("" if self.is_one_kata else f".{kata.id.replace(':', '-')}")
        for ending, text in ((".html", student_page.html_of(report)), (".md", student_page.markdown_of(report))):
            self.written.add(base + ending)
            Destination(str(self.folder / (base + ending))).write(text.encode("utf-8", "backslashreplace"))
        return f"{STUDENTS}/{base}.html"


def write_results(ledger: Ledger, folder: Path, *, feedback: Feedback | None = None) -> None:
    """Write all results of the class into ``folder``; what is there of an earlier run is replaced.

    Students see as much as ``feedback`` says, by itself what the class has decided. Raises Inconclusive where the
    folder cannot be written: the ledger is whole all the same.
    """
    katas = ledger.katas()
    names = file_names(student.label for student in ledger.students())
    with _writing(folder):
        pages = folder / STUDENTS
        pages.mkdir(parents=True, exist_ok=True)
        made = _Pages(pages, feedback or ledger.settings.feedback, names, len(katas) == 1)
        marks = gather(ledger, made.write)
        found = overview(ledger.settings.title, katas, marks, forms=ledger.forms())
        _write(folder / "index.html", class_page.render(found))
        _write(folder / "gradebook.csv", gradebook.plain(marks, Scale()))
        _remove_others(pages, made.written)


def _write(file: Path, text: str) -> None:
    Destination(str(file)).write(text.encode("utf-8", "backslashreplace"))


def _remove_others(folder: Path, written: set[str]) -> None:
    """Pages of students who are not in the class any more, or by another name."""
    for file in folder.iterdir():
        if file.suffix in (".html", ".md") and file.name not in written:
            os.unlink(file)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Inconclusive(
            f"the results could not be written to {folder}: {error.strerror}. The ledger has all grades: "
            "`grade class export` writes them again."
        ) from None
