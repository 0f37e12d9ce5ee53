"""Exports of a class by name: gradebooks in one file, and each format of a report with a file for each student."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classes.ledger import Ledger
from grader.classes.model import Entry, GradedKata, Student
from grader.classes.results import class_page, gradebook, keys, student_page
from grader.classes.results.canvas_comments import request_of
from grader.classes.results.columns import column_of, wished
from grader.classes.results.gathering import gather
from grader.classes.results.gradebook import Scale
from grader.classes.results.mark import Mark, Status
from grader.classes.results.moodle_feedback import feedback_files
from grader.classes.results.naming import file_names
from grader.classes.results.overview import overview
from grader.errors import Inconclusive, UsageError
from grader.report import formats, junit
from grader.report.destination import Destination
from grader.report.feedback import Feedback
from grader.text import did_you_mean, plural

#: The formats of a whole class, in one file.
OF_CLASS = ("csv", "canvas", "canvas-comments", "moodle", "moodle-feedback", "junit", "page")
#: Those with points on a scale, and those with columns of katas that can be named.
SCALED, WITH_COLUMNS = ("csv", "canvas", "moodle"), ("canvas", "canvas-comments", "moodle")
#: So many students are named in a note.
_NAMED = 10
#: The endings of the files of formats for each student; of any other one it is .json.
_ENDINGS = {
    "html": ".html",
    "markdown": ".md",
    "text": ".txt",
    "github-summary": ".md",
    "github-annotations": ".txt",
    "github-classroom": ".txt",
    "problems": ".txt",
}


@dataclass(frozen=True, slots=True)
class Export:
    """``untold`` are the labels of students who have no points in it, and of whom it does not say so.

    By the machine's fault, or because they are still to be graded: the instructor has to know. ``lost`` are those whom
    the platform that reads it cannot find. ``notes`` are sentences about what else to look at. ``files`` is how many
    were written of a format with a file for each student.
    """

    content: bytes
    untold: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    files: int = 0

    @classmethod
    def of_text(
        cls, text: str, untold: tuple[str, ...] = (), *, notes: tuple[str, ...] = (), lost: tuple[str, ...] = ()
    ) -> Export:
        """One that is text, in UTF-8; names that cannot be encoded are written with backslashes."""
        return cls(text.encode("utf-8", "backslashreplace"), untold, notes, lost)


def of_class(
    ledger: Ledger, name: str, *, scale: Scale, feedback: Feedback | None, wishes: Sequence[str] = ()
) -> Export:
    """The export in one file; ``wishes`` are names of columns, such as "kata-14=Homework 3".

    Raises UsageError where the ledger does not have what the format needs.
    """
    if name == "moodle-feedback":
        content, lost = feedback_files(ledger, feedback)
        return Export(content, notes=_without_number(lost, "Moodle", "page"))
    if name == "canvas-comments":
        return _canvas_comments(ledger, feedback, wishes)
    if name == "junit":
        return _junit(ledger, feedback or Feedback.FULL)
    marks, katas = gather(ledger), ledger.katas()
    match name:
        case "canvas":
            return _canvas(katas, marks, scale, wishes)
        case "moodle":
            columns, shown = wished(katas, wishes, ()), feedback or ledger.settings.feedback
            text = gradebook.moodle(katas, marks, scale, columns, feedback=shown)
            return Export.of_text(text, _labels(marks, _is_undecided), lost=keys.lost(keys.at_moodle(marks)))
        case "page":
            return Export.of_text(
                class_page.render(overview(ledger.settings.title, katas, marks, forms=ledger.forms()))
            )
        case _:
            return Export.of_text(gradebook.plain(marks, scale))


def _canvas(katas: Sequence[GradedKata], marks: Sequence[Mark], scale: Scale, wishes: Sequence[str]) -> Export:
    columns, known = _columns(katas, (mark.student for mark in marks), wishes)
    notes = tuple(
        f"the roster has no column “{columns.get(kata.name, kata.title)}” for {kata.name}, so Canvas takes it for a "
        f"new assignment. To name the one that you have: --column '{kata.id.rpartition(':')[2]}=NAME'."
        for kata in katas
        if columns.get(kata.name) not in known
    )
    text, nobodys = gradebook.canvas(katas, marks, scale, columns), keys.lost(keys.at_canvas(marks))
    return Export.of_text(text, _labels(marks, _is_undecided), notes=notes, lost=nobodys)


def _columns(
    katas: Sequence[GradedKata], students: Iterable[Student], wishes: Sequence[str]
) -> tuple[dict[str, str], Sequence[str]]:
    """The columns of katas at Canvas by their names, and all that the roster has."""
    known = list(dict.fromkeys(name for student in students for name in student.columns))
    found = {kata.name: column for kata in katas if (column := column_of(kata, known))}
    return {**found, **wished(katas, wishes, known)}, known


def _canvas_comments(ledger: Ledger, feedback: Feedback | None, wishes: Sequence[str]) -> Export:
    columns, _ = _columns(ledger.katas(), ledger.students(), wishes)
    text, lost, homeless = request_of(ledger, columns, feedback)
    notes = tuple(
        f"no assignment of the roster is for {kata}, so there are no comments of it. To name one, with its number: "
        f"--column '{kata}=NAME (98765)'."
        for kata in homeless
    )
    waiting = _labels(gather(ledger), _is_waiting)
    return Export.of_text(text, waiting, notes=(*notes, *_without_number(lost, "Canvas", "comment")))


def _without_number(labels: Sequence[str], platform: str, what: str) -> tuple[str, ...]:
    if not labels:
        return ()
    names = ", ".join(labels[:_NAMED]) + (", …" if len(labels) > _NAMED else "")
    return (f"{plural(len(labels), 'student')} without a number at {platform}, and so without a {what} in it: {names}",)


def _junit(ledger: Ledger, feedback: Feedback) -> Export:
    suites = []

    def add(entry: Entry, kata: GradedKata) -> str:
        suites.append(junit.suite(student_page.shown(entry, kata, feedback), name=f"{entry.student.label}: "))
        return ""

    marks = gather(ledger, add)
    return Export.of_text(junit.document(suites), _labels(marks, _is_waiting))


def _labels(marks: Sequence[Mark], chosen: Callable[[Mark], bool]) -> tuple[str, ...]:
    return tuple(sorted({mark.student.label for mark in marks if chosen(mark)}))


def _is_undecided(mark: Mark) -> bool:
    return not mark.is_decided


def _is_waiting(mark: Mark) -> bool:
    return mark.status is Status.WAITING


def of_students(ledger: Ledger, name: str, folder: Path, *, feedback: Feedback | None) -> Export:
    """A file for each student in ``folder``, in a format of a report. Raises UsageError where no format has this name.

    Nothing is written of a student whose grade is undecided where the format has no word for it. Other files of this
    format stay, and are named: they may be of students who have left the class.
    """
    render = find(name)
    names = file_names(student.label for student in ledger.students())
    katas, ending = ledger.katas(), _ENDINGS.get(name, ".json")
    endings = {kata.name: ending if len(katas) == 1 else f".{kata.id.replace(':', '-')}{ending}" for kata in katas}
    refused: set[str] = set()
    written: list[Destination] = []
    folder.mkdir(parents=True, exist_ok=True)

    def write(entry: Entry, kata: GradedKata) -> str:
        report = student_page.shown(entry, kata, feedback or ledger.settings.feedback)
        destination = Destination(str(folder / (names[entry.student.label] + endings[kata.name])))
        destination.clear()  # no grade is better than one of an earlier export
        try:
            content = render(report)
        except Inconclusive:
            refused.add(entry.student.label)
            return ""
        destination.write(content)
        written.append(destination)
        return ""

    marks = gather(ledger, write)
    untold = tuple(sorted(refused | set(_labels(marks, _is_waiting))))
    ours = {base + each for base in names.values() for each in endings.values()}
    others = {file.name for file in folder.glob(f"*{ending}")} - ours
    return Export(b"", untold, _left_over(folder, others), files=len(written))


def _left_over(folder: Path, files: set[str]) -> tuple[str, ...]:
    if not files:
        return ()
    names = ", ".join(sorted(files)[:_NAMED]) + (", …" if len(files) > _NAMED else "")
    count = plural(len(files), "file")
    return (f"{count} in {folder} of nobody in this class: {names}. Remove what an earlier export left.",)


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
