"""`grade reset`: start again from the stub."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from grader.cli.parameters import Named, takes_kata
from grader.exits import Exit
from grader.learner.journal import Journal
from grader.learner.workspace import find_home, reset
from grader.text import from_here


@click.command("reset")
@takes_kata
def command(named: Named) -> Exit:
    """Put the stub of KATA back; your file is kept beside it."""
    found = named.kata
    app = find_home(found, named.name, Path.cwd()) / found.entry[0]
    was_there = app.exists()
    kept = reset(app, found)
    with suppress(OSError):
        if journal := Journal.near(Path.cwd()):
            journal.note_reset(found)
    if kept is not None:
        click.echo(f"{from_here(app)} is the stub again. Your file is kept as {kept.name}, beside it.")
    else:
        click.echo(f"{from_here(app)} is the stub {'already' if was_there else 'again'}.")
    return Exit.PASSED
