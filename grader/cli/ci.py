"""`grade ci`: what a platform needs to grade a kata."""

from __future__ import annotations

from pathlib import Path

import click

from grader.catalog.kata import Kata
from grader.catalog.lookup import choose, choose_course
from grader.cli.parameters import FEEDBACK, complete_kata, katas_option, tell_refused
from grader.exits import Exit
from grader.handout.ci import RECIPES, Platform, recipe
from grader.handout.layout import lay_out
from grader.text import plural


@click.command("ci")
@click.argument("platform", type=click.Choice([platform.value for platform in Platform]))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--kata", default="", shell_complete=complete_kata, help="The kata to grade.  [default: the first of your course]"
)
@katas_option
@click.option(
    "--pack",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The pack of the kata, where it is not bundled, as `grade pack` makes it.",
)
@click.option(
    "--feedback",
    type=click.Choice(FEEDBACK),
    default="full",
    show_default=True,
    help="How much of a report students see.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def command(
    platform: str, folder: Path, kata: str, folders: tuple[Path, ...], pack: Path | None, feedback: str, force: bool
) -> Exit:
    """Write what PLATFORM needs to grade a kata into DIR.

    The files install this version of the grader. What they can jail on the platform is said at the end.
    """
    chosen = Platform(platform)
    found = _kata(kata, folders)
    made = lay_out(folder, recipe(chosen, found, pack, feedback=feedback), force=force)
    click.echo(f"{plural(len(made), 'file')} written to {folder}, for {found.id}.")
    click.echo(f"Jail: {RECIPES[chosen].jail}")
    click.echo(f"Next: {RECIPES[chosen].then}")
    return Exit.PASSED


def _kata(name: str, folders: tuple[Path, ...]) -> Kata:
    here = Path.cwd()
    found = choose([name], here, folders) if name else choose_course([], here, folders)
    tell_refused(found)
    return found.katas[0]
