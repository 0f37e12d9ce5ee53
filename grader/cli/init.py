"""`grade init`: make a workspace."""

from __future__ import annotations

from pathlib import Path

import click

from grader.catalog.kata import Kata
from grader.catalog.lookup import choose_course
from grader.cli.parameters import complete_kata, katas_option, tell_refused
from grader.errors import UsageError
from grader.exits import Exit
from grader.learner.workspace import init
from grader.text import plural


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("katas", nargs=-1, shell_complete=complete_kata)
@katas_option
@click.option("--devcontainer", is_flag=True, help="For Codespaces and VS Code: it opens ready to grade.")
@click.option(
    "--pack",
    "packs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="With --devcontainer: a learners' pack to be installed in it (repeatable).",
)
def command(
    folder: Path, katas: tuple[str, ...], folders: tuple[Path, ...], devcontainer: bool, packs: tuple[Path, ...]
) -> Exit:
    """Make a workspace in DIR, with the READMEs and stubs of KATAS.

    Without KATAS it holds all of them, but the bundled ones only where there are no others: a course of your own is not
    mixed with them. A file that you have edited is kept.
    """
    if packs and not devcontainer:
        raise UsageError("--pack: only --devcontainer needs it.")
    here = Path.cwd()
    found = choose_course(katas, here, folders)
    opened = _devcontainer(folder, found.katas, packs) if devcontainer else []
    made = init(folder, found.katas, with_setting=not packs)
    tell_refused(found)
    for path in made.kept:
        click.echo(f"kept   {path} (it has your edits)")
    is_here = folder.resolve() == here
    click.echo(f"{plural(len(made.written) + len(opened), 'file')} written to {'this folder' if is_here else folder}.")
    first, go = found.katas[0], "" if is_here else f"cd {folder}, "
    click.echo(f"Next: {go}read {first.name}/README.md, edit its {first.entry[0]}, and run `grade {first.id}`.")
    return Exit.PASSED


def _devcontainer(folder: Path, katas: tuple[Kata, ...], packs: tuple[Path, ...]) -> list[Path]:
    from grader.handout import devcontainer  # with what makes wheels, which few workspaces need

    return devcontainer.devcontainer(folder, katas, packs)
