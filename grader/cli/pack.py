"""`grade pack`: katas in a wheel, to be handed out."""

from __future__ import annotations

from pathlib import Path

import click

from grader.catalog.lookup import choose
from grader.cli.parameters import complete_kata, katas_option, tell_refused, tell_unknown_keys
from grader.errors import UsageError
from grader.exits import Exit
from grader.handout.pack import Audience, audience_of, make_pack, summary


@click.command("pack")
@click.argument("katas", nargs=-1, required=True, shell_complete=complete_kata)
@katas_option
@click.option(
    "--for",
    "audience",
    type=click.Choice([audience.value for audience in Audience]),
    required=True,
    help="For learners without what is hidden, or for graders with all of it.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The wheel, such as my_course-1.0-py3-none-any.whl: its name gives the pack's name and version.",
)
@click.option(
    "--no-solutions", is_flag=True, help="For graders: leave the solutions out. No grading machine needs them."
)
def command(katas: tuple[str, ...], folders: tuple[Path, ...], audience: str, output: Path, no_solutions: bool) -> Exit:
    """Put KATAS into a wheel that pip installs, for learners or for graders.

    Learners get READMEs, stubs, schemas and the checks that are marked practice=True; graders get all.
    """
    found = choose(katas, Path.cwd(), folders)
    tell_refused(found)
    chosen = Audience(audience)
    _keep_other(output, chosen)
    for kata in found.katas:
        tell_unknown_keys(kata)
    pack = make_pack(tuple(dict.fromkeys(found.katas)), chosen, output.name, solutions=not no_solutions)
    try:
        output.parent.mkdir(exist_ok=True)
        output.write_bytes(pack.content)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from None
    for line in summary(pack, chosen):
        click.echo(line)
    click.echo(f"Next: `pip install {click.format_filename(output)}`, where the grader is installed.")
    return Exit.PASSED


def _keep_other(output: Path, audience: Audience) -> None:
    """Raises UsageError where the pack for the others is there: both have one name, and one of them has secrets."""
    there = audience_of(output)
    if there is None or there is audience:
        return
    folder = output.parent.parent if output.parent.name == there.value else output.parent
    other = click.format_filename(folder / audience.value / output.name)
    raise UsageError(
        f"{click.format_filename(output)} is the pack for {there.value}, and stays: both packs have one name, so write "
        f"the one for {audience.value} into a folder of its own, as in -o {other}."
    )
