"""`grade list`: which katas there are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click
from rich.table import Table
from rich.text import Text

from grader.catalog.kata import BUNDLED, FOLDER, Kata
from grader.catalog.lookup import available
from grader.catalog.points import points_of
from grader.cli.console import console_for
from grader.cli.parameters import katas_option, tell_refused
from grader.exits import Exit
from grader.learner.journal import Journal, Standing
from grader.learner.progress import begun, unfinished
from grader.text import ago, from_here, plural, visible


@click.command("list")
@katas_option
def command(folders: tuple[Path, ...]) -> Exit:
    """Show the katas: titles, points, concepts, and your best score in each."""
    here = Path.cwd()
    journal = Journal.near(here)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ["kata", "title", "points", *(["best", "last run"] if journal else [])]:
        side: Literal["left", "right"] = "right" if heading in ("points", "best") else "left"
        table.add_column(heading, justify=side, no_wrap=heading not in ("title", "last run"), overflow="fold")
    found = available(here, folders)
    following = unfinished(found.katas, here)
    for kata in found.katas:
        points = points_of(kata)
        title = Text.assemble(kata.title, ("\n" + "\n".join(_notes(kata)), "dim"))
        standing = journal.standing(kata) if journal else Standing()
        best = _best(standing)
        last = f"{ago(standing.last.at)}\n{plural(standing.attempts, 'attempt')}" if standing.last else "-"
        name = f"{kata.id} (next)" if kata == following else kata.id
        table.add_row(name, title, str(points or "?"), *([best, last] if journal else []))
    console_for("auto").print(table, markup=False, highlight=False)
    if journal and (mine := begun(found.katas, here)):
        standings = [journal.standing(kata) for kata in mine]
        done = sum(bool(standing.best and standing.best.is_full) for standing in standings)
        click.echo(f"{done} of {plural(len(mine), 'kata')} done.")
    tell_refused(found)
    return Exit.PASSED


def _best(standing: Standing) -> str:
    """The best score, and that it is all there is to get."""
    if standing.best is None:
        return "-"
    return f"{standing.best.points} done" if standing.best.is_full else str(standing.best.points)


def _notes(kata: Kata) -> list[str]:
    """The concepts, the pack or the folder of a kata that is not bundled, and what a learners' pack leaves out."""
    notes = [", ".join(kata.concepts)]
    if kata.pack != BUNDLED:
        notes.append(f"from {visible(from_here(kata.folder.parent) if kata.pack == FOLDER else kata.location, 500)}")
    if kata.rest:
        notes.append(f"your instructor grades the rest: {kata.rest}")
    return notes
