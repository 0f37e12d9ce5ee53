"""`grade run`: grade one app."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.console import is_watched_terminal, progress_of
from grader.cli.jailing import Wish, takes_jail
from grader.cli.outputs import Audience, Outputs, outputs_of
from grader.cli.parameters import FEEDBACK, Choice, Seconds, Target, color_option, complete_check, takes_app, tell_next
from grader.errors import NoApp
from grader.exits import Exit
from grader.grading.run import Job, grade
from grader.learner.recall import source_of
from grader.serving.limits import LaunchLimits
from grader.text import short_path

if TYPE_CHECKING:
    from grader.learner.recall import Compared
    from grader.model import Report

_DEFAULTS = LaunchLimits()


@click.command("run")
@takes_app
@click.option("--seed", default="", help="Use the inputs of an earlier run, whose report shows its seed.")
@click.option(
    "--only",
    default="",
    metavar="CHECK",
    shell_complete=complete_check,
    help="Run this check, and the checks that it depends on.",
)
@click.option(
    "--to",
    multiple=True,
    metavar="FORMAT[:FILE]",
    help="Write the report as text, markdown, html, json, in a format for another program (see README), or in one of "
    "an installed package (without FILE, or with “-”: to standard output). Can be given several times.",
)
@click.option("--json", "json_file", metavar="FILE", help="Short for --to json:FILE.")
@click.option("--html", "html_file", metavar="FILE", help="Short for --to html:FILE.")
@click.option("--open", "opens", is_flag=True, help="Open the page in your browser.")
@click.option("--stop-early", is_flag=True, help="Stop at the first check that fails.")
@click.option("--verbose", is_flag=True, help="Show whole pictures, also of checks that passed.")
@color_option
@click.option(
    "--feedback",
    type=click.Choice(FEEDBACK),
    help="Write reports for the student, with no more than this.",
)
@click.option("--label", default="", metavar="NAME", help="Write reports for the student, with this name.")
@click.option(
    "--startup-limit",
    type=Seconds(0.1),
    default=_DEFAULTS.startup,
    show_default=True,
    metavar="SECONDS",
    help="How long the app may take to start.",
)
@click.option(
    "--total-limit",
    type=Seconds(1),
    default=_DEFAULTS.total,
    show_default=True,
    metavar="SECONDS",
    help="How long the whole grade may take.",
)
@click.option(
    "--memory-limit",
    type=click.IntRange(64),
    default=_DEFAULTS.memory >> 20,
    show_default=True,
    metavar="MIB",
    help="How much memory all processes of the app may use together (Linux only).",
)
@takes_jail
def command(
    choice: Choice,
    seed: str,
    only: str,
    to: tuple[str, ...],
    json_file: str | None,
    html_file: str | None,
    opens: bool,
    stop_early: bool,
    verbose: bool,
    color: str,
    feedback: str | None,
    label: str,
    startup_limit: float,
    total_limit: float,
    memory_limit: int,
    wish: Wish,
) -> Exit:
    """Grade your app for KATA.

    KATA is "kata-2", "2", a folder's name, or a path to the folder. Without KATA it is the kata of the folder that you
    are in, or else the first one without full marks.
    """
    choice = choice.seen_from_here() if wish.submission else choice
    limits = LaunchLimits(startup=startup_limit, total=total_limit, memory=memory_limit << 20)
    if limits.memory != _DEFAULTS.memory and sys.platform != "linux":
        click.echo("grade: --memory-limit is kept on Linux only; here the app may use any amount.", err=True)
    outputs = outputs_of(to, json_file, html_file, opens=opens, verbose=verbose, color=color)
    if feedback or label:
        outputs = outputs._replace(audience=Audience(label, feedback or "full"))
    outputs.clear()  # first: where a kata cannot be used, nobody shall take an old report for one of this grade
    try:
        target = choice.target()
    except NoApp as missing:
        if not wish.submission:
            raise
        return _put_out(_without_app(choice, wish, missing), outputs)
    job = Job(
        kata=target.kata,
        launch=replace(target.launch(limits), jail=wish.jail(target.app.module, target.kata)),
        command=target.command + wish.words,
        seed=seed,
        only=only,
        stop_early=stop_early,
    )
    is_remembered = target.is_own and not job.launch.jail.is_strict and not outputs.is_to_stdout
    is_watched = is_remembered and is_watched_terminal()
    source = source_of(target.file) if is_watched else None  # before the grade: its learner may save meanwhile
    with progress_of(target.kata.id, color=color) as progress:
        report = grade(job, progress)
    compared = None
    if target.is_own and report.is_whole:
        compared = _remember(target, report, shown=source)
    code = _put_out(report, outputs, compared)
    if target.is_own and not outputs.written and report.is_whole and report.points == report.possible:
        with suppress(BrokenPipeError):
            tell_next(target.kata, choice.folders)
    return code


def _put_out(report: Report, outputs: Outputs, compared: Compared | None = None) -> Exit:
    from grader.score import exit_code  # late: the model takes 7 ms, in which the app can boot

    with suppress(BrokenPipeError):  # the reader has seen enough, as in `grade kata-1 | head`; the verdict stays
        outputs.put_out(report, compared)
    return exit_code(report)


def _without_app(choice: Choice, wish: Wish, missing: NoApp) -> Report:
    """The report of a submission in which the app is missing: its learner gets one, too. Raises BadKata."""
    from grader.grading.absent import absent  # late: with what it imports, an app of any other grade could boot
    from grader.grading.collect import checks_of
    from grader.model import BootFailure

    kata = choice.named().kata
    reason = BootFailure(f"there is no file {missing.app} in the submission", f"Hand in the app as {kata.entry[0]}.")
    command = shlex.join(["grade", choice.kata, *choice.words]) + wish.words
    return absent(kata, checks_of(kata), reason, app=short_path(Path.cwd() / missing.app), command=command)


def _remember(target: Target, report: Report, *, shown: str | None) -> Compared | None:
    """Keep the score in the workspace, where one can: no grade depends on it.

    ``shown`` is the digest of the source that was graded, where a terminal shows the report; then returns what its
    reader has seen before.
    """
    from grader.learner.journal import Journal  # not before the app is started, which boots meanwhile

    journal, before = Journal.of(target.file), None
    with suppress(OSError):
        before = journal.note(target.kata, report, shown=shown)
    if journal.damaged:
        click.echo(f"{journal.file.name} could not be read; it is kept as {journal.damaged.name}.", err=True)
    return before.recall.compared(report, shown) if before is not None and shown is not None else None
