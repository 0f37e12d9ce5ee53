"""`grade run`: grade one app."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.shared import (
    app_option,
    complete_kata,
    console_for,
    module_of,
    must_be_installed,
    progress_of,
    server_options,
)
from grader.errors import BadKata, UsageError
from grader.score import exit_code

if TYPE_CHECKING:
    from grader.catalog.kata import Kata
    from grader.model import Report


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
@click.argument("kata", shell_complete=complete_kata)
@app_option
@click.option("--seed", default="", help="Repeat a run: its report prints the seed.")
@click.option("--only", default="", metavar="CHECK", help="Run this check, and what it comes after.")
@click.option("--json", "json_file", metavar="FILE", help="Write the report as JSON (“-”: to standard output).")
@click.option("--html", "html_file", metavar="FILE", help="Write the report as a page (“-”: to standard output).")
@click.option("--open", "opens", is_flag=True, help="Open the page in your browser.")
@click.option("--stop-early", is_flag=True, help="Stop at the first check that fails.")
@click.option("--verbose", is_flag=True, help="Show whole pictures, of passed checks too.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="NO_COLOR is heeded.")
@server_options
@click.option("--startup-limit", type=click.FloatRange(0.1), default=10.0, show_default=True, metavar="SECONDS")
@click.option("--total-limit", type=click.FloatRange(1), default=120.0, show_default=True, metavar="SECONDS")
@click.option("--memory-limit", type=click.IntRange(64), default=1024, show_default=True, metavar="MIB")
def grade_command(
    kata: str,
    app: str | None,
    seed: str,
    only: str,
    json_file: str | None,
    html_file: str | None,
    opens: bool,
    stop_early: bool,
    verbose: bool,
    color: str,
    loop: str,
    http: str,
    startup_limit: float,
    total_limit: float,
    memory_limit: int,
) -> None:
    """Grade your app for KATA: "kata-2", "2", a folder's name, or a path to it."""
    from grader.catalog.kata import missing_parts
    from grader.catalog.lookup import find
    from grader.grading.run import Job, grade
    from grader.serving.app import Launch, LaunchLimits

    found = find(kata, Path.cwd())
    outputs = _Outputs(json_file, html_file, opens, verbose, color)
    limits = LaunchLimits(startup=startup_limit, total=total_limit, memory=memory_limit << 20)
    module, name = module_of(app, found, kata)
    must_be_installed(loop, http)
    _must_be_possible(outputs)
    if problems := missing_parts(found):
        raise BadKata(f"{found.name}: {problems[0]}")
    launch = Launch(file=module, name=name, loop=loop, http=http, limits=limits)
    command = shlex.join(["grade", kata, *(["--app", app] if app is not None else [])])
    job = Job(kata=found, launch=launch, command=command, seed=seed, only=only, stop_early=stop_early)
    with progress_of(found.id, color=color) as progress:
        report = grade(job, progress)
    _put_out(report, outputs)
    if app is None and not only and not stop_early:
        _remember(found, report, module)
    sys.exit(exit_code(report))


def _must_be_possible(outputs: _Outputs) -> None:
    """Raises UsageError when a report cannot go where it is to go: before anything is graded."""
    from grader.report import file

    if len(outputs.to_stdout) > 1:
        raise UsageError("--json and --html cannot both go to standard output; name a file for one of them.")
    if outputs.opens and outputs.html == file.STDOUT:
        raise UsageError("--open needs a file: name one with --html FILE, or leave --html out.")
    for option, target in (("--json", outputs.json), ("--html", outputs.html)):
        if target is not None:
            file.must_be_writable(target, option=option)


def _put_out(report: Report, outputs: _Outputs) -> None:
    """Write the report in all formats that are asked for; on standard output there is one only."""
    from grader.report import json

    page = _page(outputs)
    if not outputs.to_stdout:
        from grader.report import terminal

        terminal.show(report, console_for(outputs.color), verbose=outputs.verbose)
    if outputs.json is not None:
        _write(json.render(report), outputs.json)
    if page is not None:
        from grader.report import html
        from grader.text import visible

        _write(html.render(report), page)
        if not outputs.to_stdout:
            click.echo(f"Page: {visible(click.format_filename(page), 4096)}")
    if page is not None and outputs.opens:
        _open(Path(page))


def _write(text: str, target: str) -> None:
    """To a file, or to standard output and nothing else beside it."""
    from grader.report import file

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
        click.echo("There is no browser here that could be started.", err=True)


def _remember(kata: Kata, report: Report, module: Path) -> None:
    """Keep the score in the workspace, where one can: no grade depends on it."""
    from grader.learner.journal import Journal

    journal = Journal.of(module)
    with suppress(OSError):
        journal.note(kata, report)
    if journal.damaged:
        click.echo(f"{journal.file.name} could not be read; it is kept as {journal.damaged.name}.", err=True)
