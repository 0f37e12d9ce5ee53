"""`grade class run`, or `grade class SUBMISSIONS`: grade a class."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from grader.classes.forgotten import changed_settings, require_named
from grader.classes.ledger import FILE as LEDGER
from grader.classes.model import Attempts
from grader.classes.setting import FILE, ClassFile, module_name, moment, read_class, with_options
from grader.classes.source import Source
from grader.classes.task import Shard
from grader.cli.classes.session import Session
from grader.cli.jailing import Wish
from grader.cli.parameters import color_option, complete_kata, katas_option
from grader.errors import UsageError
from grader.exits import Exit
from grader.serving.jail.plan import Tier
from grader.text import visible

_PATH = click.Path(path_type=Path)
_FOLDER = click.Path(path_type=Path, file_okay=False)


def how_option(command: Callable[..., Exit]) -> Callable[..., Exit]:
    """How to grade: in which jail, and how many at a time."""
    tiers = ["auto", *(tier.value for tier in Tier)]
    for option in (
        click.option("--unsafe", is_flag=True, help="Grade even where this machine offers no jail."),
        click.option("--jail", "tier", type=click.Choice(tiers), default="auto", help="Take this jail, or none."),
        click.option(
            "--jobs",
            type=click.IntRange(1),
            default=3 * (os.cpu_count() or 1),  # a grade waits half of its time, and one that hangs only waits
            metavar="N",
            help="Grades at a time.  [default: three for each processor]",
        ),
    ):
        command = option(command)
    return command


@click.command("run")
@click.argument("submissions", type=_PATH)
@click.option(
    "--kata", "katas", multiple=True, metavar="KATA", shell_complete=complete_kata, help="Grade this kata (repeatable)."
)
@katas_option
@click.option("--out", type=_FOLDER, required=True, metavar="DIR", help="Keep the ledger, and all results, in DIR.")
@click.option("--class", "class_file", type=_PATH, metavar="FILE", help=f"The class's settings. [default: {FILE}]")
@click.option("--roster", type=_PATH, metavar="CSV", help="The students of the class.")
@click.option("--app", metavar="FILE", help="Where the app is in a submission, such as src/app.py.")
@click.option("--deadline", metavar="MOMENT", help="Such as 2026-11-30T23:59+01:00.")
@click.option("--attempts", type=click.Choice([one.value for one in Attempts]), help="Which attempt counts.")
@click.option("--seed", metavar="SEED", help="Decides all draws of the class. [default: random, and kept]")
@click.option("--shard", metavar="I/N", help="Grade the I-th of N parts of the class; `grade class merge` joins them.")
@click.option(
    "--dask", default="", metavar="ADDRESS", help="Grade on a Dask cluster, or with “local” on one of this machine."
)
@click.option("--forget-gone", is_flag=True, help="What is no longer among SUBMISSIONS leaves the class.")
@how_option
@color_option
def command(
    submissions: Path,
    katas: tuple[str, ...],
    folders: tuple[Path, ...],
    out: Path,
    class_file: Path | None,
    roster: Path | None,
    app: str | None,
    deadline: str | None,
    attempts: str | None,
    seed: str | None,
    shard: str | None,
    dask: str,
    forget_gone: bool,
    jobs: int,
    unsafe: bool,
    tier: str,
    color: str,
) -> Exit:
    """Grade all submissions of a class, and keep each grade in a ledger.

    SUBMISSIONS is a folder with a folder, a module or an archive for each student, or what Canvas, Moodle or Gradescope
    give out, also as one archive. What the ledger has already is not graded again.

    Exit codes: 0 each submission has a result; 2 usage; 3 the grader or the machine failed for some, or it is
    unclear what was handed in.
    """
    file = class_file or (Path(FILE) if Path(FILE).exists() else None)
    found = read_class(file) if file else ClassFile()
    for sentence in _overlooked(submissions, is_file_given=class_file is not None, roster=roster or found.roster):
        click.echo(f"grade: {visible(sentence, 500)}", err=True)
    if seed == "":
        raise UsageError("--seed is empty: give a text, or leave the option out for a random one.")
    settings = with_options(
        found.settings,
        app=module_name(app, "--app") if app is not None else None,
        deadline=moment(deadline, "--deadline") if deadline else None,
        attempts=Attempts(attempts) if attempts else None,
        seed=seed,
    )
    source = Source(
        submissions,
        katas or found.katas,
        folders,
        roster or found.roster,
        found.is_modified,
        _shard(shard),
        class_file=file,
    )
    require_named(out, source)
    _require_seed(source.shard, settings.seed, out)
    if changed := list(changed_settings(out, settings)):
        click.echo(f"grade: other settings than in the run before: {', '.join(changed)}.", err=True)
    session = Session(out, source, Wish(True, unsafe, tier), jobs, color, dask, found.handed_out, forget_gone)
    return session.carry_out(settings)


def _overlooked(submissions: Path, *, is_file_given: bool, roster: Path | None) -> Iterator[str]:
    """What lies beside the submissions, and is not read there: a student might have put it into the folder."""
    file = submissions / FILE
    if file.is_file() and not is_file_given and not (Path(FILE).is_file() and file.samefile(FILE)):
        yield f"{file} is not read: {FILE} is read in the folder where you run the command, or is named with --class."
    if roster is None and (found := next(iter(sorted(submissions.glob("*.csv"))), None)):
        yield f"{found} is not read: name the roster with --roster, or in {FILE}."


def _shard(text: str | None) -> Shard:
    """Raises UsageError."""
    if text is None:
        return Shard()
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard must be like 1/4 (the first of four parts), not {text!r}.")
    return Shard(int(found[1]), int(found[2]))


def _require_seed(shard: Shard, seed: str, out: Path) -> None:
    """Raises UsageError where a shard would draw a seed that no other shard can have: that came out at the merge."""
    if shard.count > 1 and not seed and not (out / LEDGER).exists():
        raise UsageError(
            "--shard needs a seed, by --seed or in class.toml: shards with different seeds are never merged. Give "
            "all of them the same."
        )
