"""What has come of a class: how many submissions in each state, and what is to be looked at."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.classes.audit import Audit, State
from grader.cli.console import console_for, untrusted_text
from grader.text import visible

#: So many submissions are named; `status --all` names all.
_NAMED = 20
_WORDS = {
    State.GRADED: "graded",
    State.OLD: "graded by an earlier specification, grader or seed",
    State.UNDECIDED: "with checks that the machine left undecided",
    State.BROKEN: "undecided, because the specification or the grader broke",
    State.INFRASTRUCTURE: "not graded, because the grader or the machine failed",
    State.UNCLEAR: "unclear: nobody knows yet what the student handed in",
    State.NO_SUBMISSION: "not handed in, or empty",
    State.UNREADABLE: "not readable",
    State.REFUSED: "refused",
    State.WAITING: "still to be graded",
}


def show(found: Audit, color: str, *, results: Path, all_named: bool = False) -> None:
    """Print it. ``results`` is the folder of the results, as a command names it."""
    console = console_for(color)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(justify="right")
    table.add_column()
    for state, words in _WORDS.items():
        if count := found.states[state]:
            table.add_row(str(count), words)
    table.add_row(str(found.total), Text("in all", "bold"))
    with untrusted_text():
        console.print(table)
        for title, lines in _lists(found):
            _list(console, title, lines, None if all_named else _NAMED, results)
        if not found.total:
            console.print("There is no submission in this ledger, or none yet.", markup=False, highlight=False)
        elif not found.problems and not found.waiting:
            reason = " or a reason above" if found.failures or found.broken or found.unclear else ""
            console.print(
                f"Audit: each submission has a result{reason}, and all sums agree.", markup=False, highlight=False
            )


def _lists(found: Audit) -> Iterator[tuple[str, Sequence[str]]]:
    """What is to be looked at: what is wrong, or to be done, with those whom it is about."""
    yield "Not gradable", found.refusals
    yield "By the fault of the machine, so without points; the same command tries again", found.failures
    yield (
        "The specification or the grader broke, so without points; they are not graded again until the author of the "
        "kata has corrected it: then give the same command again",
        found.broken,
    )
    yield "Unclear, so without points, until somebody puts it right", found.unclear
    yield "Still to be graded: the same command goes on", found.waiting
    yield (
        "No longer among the submissions, and still in the class; `grade class SUBMISSIONS … --forget-gone` takes them "
        "out of it",
        found.gone,
    )
    yield "The audit found faults", found.problems


def tell_results(folder: Path) -> None:
    """Where the page of the class is, from which all others can be reached."""
    click.echo(f"Results: {visible(str(folder / 'index.html'), 4096)}")


def _list(console: Console, title: str, lines: Sequence[str], most: int | None, results: Path) -> None:
    if not lines:
        return
    shown = [visible(line, 500) for line in lines[:most]]
    if left := len(lines) - len(shown):
        folder = visible(shlex.quote(str(results)), 500)
        shown.append(f"and {left} more; `grade class status {folder} --all` names all")
    for line in (f"{title}:", *(f"  {one}" for one in shown)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
