"""`grade init`: make a workspace."""

from __future__ import annotations

from pathlib import Path

import click

from grader.catalog.lookup import choose_course
from grader.cli.parameters import complete_kata, katas_option, tell_refused
from grader.exits import Exit
from grader.learner.workspace import init
from grader.text import plural


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("katas", nargs=-1, shell_complete=complete_kata)
@katas_option
def command(folder: Path, katas: tuple[str, ...], folders: tuple[Path, ...]) -> Exit:
    """Make a workspace in DIR, with the READMEs and stubs of KATAS.

    Without KATAS it holds all of them, but the bundled ones only where there are no others: a course of your own is not
    mixed with them. A file that you have edited is kept.
    """
    here = Path.cwd()
    found = choose_course(katas, here, folders)
    made = init(folder, found.katas)
    tell_refused(found)
    for path in made.kept:
        click.echo(f"kept   {path} (it has your edits)")
    is_here = folder.resolve() == here
    click.echo(f"{plural(len(made.written), 'file')} written to {'this folder' if is_here else folder}.")
    first, go = found.katas[0], "" if is_here else f"cd {folder}, "
    click.echo(f"Next: {go}read {first.name}/README.md, edit its {first.entry[0]}, and run `grade {first.id}`.")
    return Exit.PASSED
