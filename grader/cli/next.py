"""`grade next`: which kata is next."""

from __future__ import annotations

from pathlib import Path

import click

from grader.catalog.lookup import available
from grader.catalog.points import points_of
from grader.cli.parameters import katas_option, tell_refused
from grader.exits import Exit
from grader.learner.journal import Journal
from grader.learner.progress import begun, unfinished
from grader.learner.workspace import find_home
from grader.text import from_here


@click.command("next")
@katas_option
def command(folders: tuple[Path, ...]) -> Exit:
    """Show the next kata to do: the first one here without full marks.

    `grade` alone grades it, too, unless you are in the folder of another kata.
    """
    here = Path.cwd()
    katas = available(here, folders)
    tell_refused(katas)
    found = unfinished(katas.katas, here)
    if found is None:
        is_empty = not begun(katas.katas, here)
        empty = "There is no kata of yours here. Make a workspace with `grade init DIR`."
        click.echo(empty if is_empty else "You have full marks in every kata here.")
        return Exit.PASSED
    journal = Journal.near(here)
    best = journal.standing(found).best if journal else None
    reached = f"{best.points} of {best.possible} points so far" if best else f"{points_of(found) or '?'} points"
    click.echo(f"{found.id}: {found.title} ({reached})")
    click.echo(f"Read {from_here(find_home(found, found.name, here) / 'README.md')}, then run `grade {found.id}`.")
    return Exit.PASSED
