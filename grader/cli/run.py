"""`grade run`: grade one app."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from grader.catalog.kata import Kata
from grader.cli.console import console_for, progress_of
from grader.cli.parameters import Target, color_option, takes_app
from grader.errors import UsageError
from grader.grading.run import Job, grade
from grader.learner.journal import Journal
from grader.model import Report
from grader.report import file
from grader.score import Exit, exit_code
from grader.serving.limits import LaunchLimits
from grader.text import visible

# What shows a report is imported when there is one: the app is started first, and boots while Rich and Jinja are
# imported (100 ms).


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Where the report goes, and how it looks."""

    json: str | None
    html: str | None
    opens: bool
    verbose: bool
    color: str

    @property
    def to_stdout(self) -> list[str]:
        """The options that want standard output for themselves."""
        return [option for option, file in (("--json", self.json), ("--html", self.html)) if file == "-"]


@click.command("run")
@takes_app
@click.option("--seed", default="", help="Use the inputs of an earlier run, whose report shows its seed.")
@click.option("--only", default="", metavar="CHECK", help="Run this check, and those that it comes after.")
@click.option("--json", "json_file", metavar="FILE", help="Write the report as JSON (“-”: to standard output).")
@click.option("--html", "html_file", metavar="FILE", help="Write the report as a page (“-”: to standard output).")
@click.option("--open", "opens", is_flag=True, help="Open the page in your browser.")
@click.option("--stop-early", is_flag=True, help="Stop at the first check that fails.")
@click.option("--verbose", is_flag=True, help="Show whole pictures, also of checks that passed.")
@color_option
@click.option("--startup-limit", type=click.FloatRange(0.1), default=10.0, show_default=True, metavar="SECONDS")
@click.option("--total-limit", type=click.FloatRange(1), default=120.0, show_default=True, metavar="SECONDS")
@click.option("--memory-limit", type=click.IntRange(64), default=1024, show_default=True, metavar="MIB")
def command(
    target: Target,
    seed: str,
    only: str,
    json_file: str | None,
    html_file: str | None,
    opens: bool,
    stop_early: bool,
    verbose: bool,
    color: str,
    startup_limit: float,
    total_limit: float,
    memory_limit: int,
) -> Exit:
    """Grade your app for KATA.

    KATA is "kata-2", "2", a folder's name, or a path to the folder.
    """
    outputs = _Outputs(json_file, html_file, opens, verbose, color)
    _must_be_possible(outputs)
    launch = target.launch(LaunchLimits(startup=startup_limit, total=total_limit, memory=memory_limit << 20))
    job = Job(kata=target.kata, launch=launch, command=target.command, seed=seed, only=only, stop_early=stop_early)
    with progress_of(target.kata.id, color=color) as progress:
        report = grade(job, progress)
    _put_out(report, outputs)
    if target.is_own and report.is_whole:
        _remember(target.kata, report, target.file)
    return exit_code(report)


def _must_be_possible(outputs: _Outputs) -> None:
    """Raises UsageError when a report cannot go where it is to go: before anything is graded."""
    if len(outputs.to_stdout) > 1:
        raise UsageError("--json and --html cannot both go to standard output; name a file for one of them.")
    if outputs.opens and outputs.html == file.STDOUT:
        raise UsageError("--open needs a file: name one with --html FILE, or leave --html out.")
    for option, target in (("--json", outputs.json), ("--html", outputs.html)):
        if target is not None:
            file.must_be_writable(target, option=option)


def _put_out(report: Report, outputs: _Outputs) -> None:
    """Write the report in all formats that are asked for; on standard output there is one only."""
    page = _page(outputs)
    if not outputs.to_stdout:
        from grader.report import terminal

        terminal.show(report, console_for(outputs.color), verbose=outputs.verbose)
    if outputs.json is not None:
        from grader.report import json

        _write(json.render(report), outputs.json)
    if page is not None:
        from grader.report import html

        _write(html.render(report), page)
        if not outputs.to_stdout:
            click.echo(f"Page: {visible(click.format_filename(page), 4096)}")
    if page is not None and outputs.opens:
        _open(Path(page))


def _write(text: str, target: str) -> None:
    """To a file, or to standard output and nothing else beside it."""
    if target == file.STDOUT:
        click.echo(text, nl=False)
    else:
        file.write(text, target)


def _page(outputs: _Outputs) -> str | None:
    """The page's file: the one named, or one of its own when it is only to be opened."""
    if outputs.html is None and outputs.opens:
        from tempfile import mkdtemp

        return str(Path(mkdtemp(prefix="stream-katas-"), "report.html"))
    return outputs.html


def _open(page: Path) -> None:
    from grader.report import browser

    if not browser.show(page):
        click.echo("No browser can be started here.", err=True)


def _remember(kata: Kata, report: Report, module: Path) -> None:
    """Keep the score in the workspace, where one can: no grade depends on it."""
    journal = Journal.of(module)
    with suppress(OSError):
        journal.note(kata, report)
    if journal.damaged:
        click.echo(f"{journal.file.name} could not be read; it is kept as {journal.damaged.name}.", err=True)
