"""`grade new`: make the folders of a new kata."""

from __future__ import annotations

from pathlib import Path

import click

from grader.catalog.kata import FOLDER_NAME
from grader.catalog.scaffold import new
from grader.catalog.setting import SETTING
from grader.exits import Exit
from grader.text import plural


@click.command("new")
@click.argument("name")
@click.option(
    "--in",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="Folder for katas/ and solutions/; created if missing.  [default: here]",
)
@click.option("--repo", is_flag=True, help="Lay out a repository around them: CI and a hook that run `grade verify`.")
def command(name: str, root: Path, repo: bool) -> Exit:
    """Make the folders of a new kata NAME, such as kata-12-some-words.

    They hold a stub, a specification, a solution, a variant and wrong apps, which `grade verify` can prove at once.
    """
    made = _with_repository(name, root.resolve()) if repo else new(name, root.resolve())
    wrote_setting = any(file.name == SETTING for file in made)
    number = _number(name)
    places = f"{root / 'katas' / name} and {root / 'solutions' / name}"
    click.echo(f"{plural(len(made), 'file')} written to {places}{', and around them' if repo else ''}.")
    if wrote_setting:
        click.echo(f"{root / SETTING} names that folder of katas for all commands that run there or below.")
    if repo:
        click.echo(
            "Its README.md says how to make a git repository of it, with a hook, and how to hand katas out. "
            "Keep it private."
        )
    click.echo(
        f"Next: run `grade verify kata-{number}` in the folder that holds them. It shows that the apps get the "
        "verdicts they should, and lists what is left for you to fill in."
    )
    return Exit.PASSED


def _with_repository(name: str, root: Path) -> list[Path]:
    from grader.handout.layout import lay_out  # with what makes wheels, which few need
    from grader.handout.repository import repository

    is_name = FOLDER_NAME.fullmatch(name) is not None  # of another one the reason is said below
    around = repository(root, f"kata-{_number(name)}") if is_name else []
    return [*new(name, root), *lay_out(root, around)]


def _number(name: str) -> int:
    """Commands take kata-12 where the folder is kata-012-some-words."""
    return int(name.split("-")[1])
