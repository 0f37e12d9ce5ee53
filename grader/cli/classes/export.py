"""`grade class export`: gradebooks, and what platforms read."""

from __future__ import annotations

from pathlib import Path

import click

from grader.classes.ledger import Ledger
from grader.classes.results import exports
from grader.classes.results.exports import OF_CLASS, Export
from grader.classes.results.folder import write_results
from grader.classes.results.gradebook import Scale
from grader.cli.classes import summary
from grader.errors import UsageError
from grader.exits import Exit
from grader.report import destination
from grader.report.destination import STDOUT
from grader.report.feedback import Feedback
from grader.text import plural, visible

#: So many students are named.
_NAMED = 10


@click.command("export")
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--to",
    metavar="NAME[:PATH]",
    help="csv, canvas, canvas-comments, moodle, moodle-feedback, junit or page: a file (without PATH, or with “-”: "
    "standard output). A format of `grade run --to`: a folder with a file for each student. Without --to: all pages, "
    "and gradebook.csv, in RESULTS.",
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
def command(results: Path, to: str | None, feedback: str | None, out_of: int | None, columns: tuple[str, ...]) -> Exit:
    """Write a gradebook of the class in RESULTS, or what a platform reads.

    Exit codes: 0 written; 2 usage; 3 written, but some students have no points by the machine's fault, or are still to
    be graded, and the format does not say so.
    """
    shown = Feedback(feedback) if feedback else None
    with Ledger.open(results) as ledger:
        if to is None:
            return _all_pages(ledger, results if results.is_dir() else results.parent, feedback=shown)
        name, _, path = to.partition(":")
        found = (
            _of_class(ledger, name, path or STDOUT, scale=Scale(out_of or 0), feedback=shown, wishes=columns)
            if name in OF_CLASS
            else _of_students(ledger, name, path, feedback=shown)
        )
    return _told(found, name)


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


def _of_class(
    ledger: Ledger, name: str, path: str, *, scale: Scale, feedback: Feedback | None, wishes: tuple[str, ...]
) -> Export:
    place = destination.find(path, option=f"--to {name}")
    found = exports.of_class(ledger, name, scale=scale, feedback=feedback, wishes=wishes)
    place.write(found.content)
    return found


def _of_students(ledger: Ledger, name: str, path: str, *, feedback: Feedback | None) -> Export:
    exports.find(name)
    if path in ("", STDOUT):
        raise UsageError(f"--to {name} writes a file for each student: name a folder, as in --to {name}:DIR.")
    try:
        return exports.of_students(ledger, name, Path(path), feedback=feedback)
    except OSError as error:
        raise UsageError(f"--to {name}: {path!r} cannot be written: {error.strerror}.") from None


def _told(found: Export, name: str) -> Exit:
    """On standard error, what is to be looked at, and who has no points there, and would otherwise be overlooked."""
    for note in found.notes:
        click.echo(f"grade: {visible(note, 500)}", err=True)
    if not found.untold:
        return Exit.PASSED
    names = ", ".join(visible(label, 60) for label in found.untold[:_NAMED])
    more = ", …" if len(found.untold) > _NAMED else ""
    count = plural(len(found.untold), "student")
    click.echo(
        f"grade: {count} without points in {name}, which does not say that they are undecided: {names}{more}", err=True
    )
    return Exit.UNDECIDED
