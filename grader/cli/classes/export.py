"""`grade class export`: gradebooks, and what platforms read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from grader.classes.ledger import Ledger
from grader.classes.results import exports
from grader.classes.results.exports import OF_CLASS, SCALED, WITH_COLUMNS, Export
from grader.classes.results.folder import write_results
from grader.classes.results.gradebook import Scale
from grader.cli.classes import summary
from grader.cli.outputs import refuse_doubles
from grader.errors import UsageError
from grader.exits import Exit
from grader.report import destination
from grader.report.destination import STDOUT, Destination
from grader.report.feedback import Feedback
from grader.text import plural, visible

#: So many students are named.
_NAMED = 10


@click.command("export")
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--to",
    multiple=True,
    metavar="NAME[:PATH]",
    help="csv, canvas, canvas-comments, moodle, moodle-feedback, junit or page: a file (without PATH, or with “-”: "
    "standard output). A format of `grade run --to`: a folder with a file for each student. Can be given several "
    "times. Without --to: all pages, and gradebook.csv, in RESULTS.",
)
@click.option(
    "--feedback", type=click.Choice([one.value for one in Feedback]), help="What students see, instead of class.toml's."
)
@click.option("--out-of", type=click.IntRange(1), metavar="N", help="Whole numbers, of which N are full marks.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="KATA=NAME",
    help="What Canvas or Moodle calls this kata (repeatable). [default: the column of the roster with the kata's "
    "name or title, or a new one]",
)
def command(
    results: Path, to: tuple[str, ...], feedback: str | None, out_of: int | None, columns: tuple[str, ...]
) -> Exit:
    """Write a gradebook of the class in RESULTS, or what a platform reads.

    Exit codes: 0 written; 2 usage; 3 written, but some students have no points by the machine's fault, are unclear, or
    are still to be graded, and the format does not say so; or the platform that reads it cannot find some students.
    """
    shown = Feedback(feedback) if feedback else None
    places = _places(to)
    _require_use("--out-of", out_of, to=places, of=SCALED)
    _require_use("--column", columns, to=places, of=WITH_COLUMNS)
    with Ledger.open(results) as ledger:
        if not places:
            return _all_pages(ledger, results if results.is_dir() else results.parent, feedback=shown)
        made = {  # all before the first is written: one of them may be refused
            name: exports.of_class(ledger, name, scale=Scale(out_of or 0), feedback=shown, wishes=columns)
            for name, place in places
            if isinstance(place, Destination)
        }
        found = [
            (name, _written(made[name], place))
            if isinstance(place, Destination)
            else (name, _of_students(ledger, name, place, feedback=shown))
            for name, place in places
        ]
    _tell_written([(name, place, export) for (name, place), (_, export) in zip(places, found, strict=True)])
    return max(_told(export, name) for name, export in found)


def _places(to: Sequence[str]) -> list[tuple[str, Destination | Path]]:
    """The names of exports, and their files or folders. Raises UsageError, before anything is written."""
    asked = [(name, path or STDOUT) for name, _, path in (one.partition(":") for one in to)]
    found = [(name, _file(name, path) if name in OF_CLASS else _folder(name, path)) for name, path in asked]
    refuse_doubles([(f"--to {name}", path) for name, path in asked])
    return found


def _file(name: str, path: str) -> Destination:
    if name == "moodle-feedback" and path == STDOUT and sys.stdout.isatty():
        raise UsageError(
            f"--to {name} is an archive, which no terminal shows: name a file, as in --to {name}:pages.zip."
        )
    return destination.find(path, option=f"--to {name}")


def _folder(name: str, path: str) -> Path:
    exports.find(name)
    if path == STDOUT:
        raise UsageError(f"--to {name} writes a file for each student: name a folder, as in --to {name}:DIR.")
    return Path(path)


def _require_use(option: str, value: object, *, to: Sequence[tuple[str, object]], of: Sequence[str]) -> None:
    """Raises UsageError for an option that changes nothing in what is written."""
    if value and not any(name in of for name, _ in to):
        raise UsageError(
            f"{option} is of use with --to {', '.join(of[:-1])} or {of[-1]} only: add one, or leave it out."
        )


def _all_pages(ledger: Ledger, folder: Path, *, feedback: Feedback | None) -> Exit:
    write_results(ledger, folder, feedback=feedback)
    summary.tell_results(folder)
    usual = ledger.settings.feedback
    if feedback not in (None, usual):
        click.echo(
            f"grade: the next run writes the pages of students by the class's own feedback again, {usual.value!r}: "
            "write another one into class.toml.",
            err=True,
        )
    return Exit.PASSED


def _written(made: Export, place: Destination) -> Export:
    place.write(made.content)
    return made


def _tell_written(found: Sequence[tuple[str, Destination | Path, Export]]) -> None:
    """Where each export is; on standard error, where one of them is what standard output is for."""
    is_taken = any(isinstance(place, Destination) and place.is_stdout for _, place, _ in found)
    for name, place, export in found:
        if isinstance(place, Path):
            words = f"{plural(export.files, 'file')} written to {place}"
        elif not place.is_stdout:
            words = f"written to {place.name}"
        else:
            continue
        click.echo(f"{name}: {visible(words, 4096)}", err=is_taken)


def _of_students(ledger: Ledger, name: str, folder: Path, *, feedback: Feedback | None) -> Export:
    try:
        return exports.of_students(ledger, name, folder, feedback=feedback)
    except OSError as error:
        raise UsageError(f"--to {name}: {str(folder)!r} cannot be written: {error.strerror}.") from None


def _told(found: Export, name: str) -> Exit:
    """On standard error, what is to be looked at, and who has no points there, and would otherwise be overlooked."""
    for note in found.notes:
        click.echo(f"grade: {visible(note, 500)}", err=True)
    if found.untold:
        count = plural(len(found.untold), "student")
        whose = "whose grade is" if len(found.untold) == 1 else "whose grades are"
        _name(found.untold, f"{name} has no points of {count}, {whose} undecided, and cannot say so")
    if found.lost:
        count = plural(len(found.lost), "student")
        _name(
            found.lost,
            f"{count} without anything in {name} by which the platform finds them: add their points there by hand",
        )
    return Exit.UNDECIDED if found.untold or found.lost else Exit.PASSED


def _name(labels: Sequence[str], what: str) -> None:
    names = ", ".join(visible(label, 60) for label in labels[:_NAMED])
    more = ", …" if len(labels) > _NAMED else ""
    click.echo(f"grade: {what}: {names}{more}", err=True)
