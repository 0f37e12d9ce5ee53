"""`grade all`: grade every kata of a workspace."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from grader.catalog.kata import is_withheld, unusable
from grader.catalog.lookup import available
from grader.cli.console import console_for, progress_of, untrusted_text
from grader.cli.parameters import Choice, Target, color_option, katas_option, tell_refused
from grader.errors import UsageError
from grader.exits import Exit
from grader.grading.run import Job
from grader.learner.journal import Journal
from grader.learner.progress import begun
from grader.model import Report
from grader.pool.news import Result, Trouble
from grader.pool.pool import Pool
from grader.pool.servers import fork_servers
from grader.report import advice
from grader.score import exit_code, first_failure
from grader.text import visible


@click.command("all")
@katas_option
@color_option
def command(folders: tuple[Path, ...], color: str) -> Exit:
    """Grade every kata here, and show a line for each.

    Exit codes: 0 all checks passed; 1 some check failed; 2 usage; 3 some kata could not be graded.
    """
    here = Path.cwd()
    katas = available(here, folders)
    tell_refused(katas)
    mine = begun(katas.katas, here)
    withheld = [kata for kata in mine if is_withheld(kata)]
    targets = [
        Choice(kata.id, folders, None, False, (), (), "asyncio", "h11").target()
        for kata in mine
        if kata not in withheld
    ]
    for kata in withheld:
        click.echo(f"grade: {unusable(kata)}", err=True)
    if withheld and not targets:
        return Exit.UNDECIDED
    if not targets:
        raise UsageError("There is no kata of yours here. Make a workspace with `grade init DIR`.")
    jobs = [Job(kata=target.kata, launch=target.launch(), command=target.command) for target in targets]
    told, forks = progress_of("katas graded", color=color), fork_servers()
    with told as progress, forks as servers, Pool(os.cpu_count() or 1, servers) as pool:
        results = list(pool.results(jobs, progress))
    for target, result in zip(targets, results, strict=True):
        _remember(target, result)
    with untrusted_text():
        console_for(color).print(_table(targets, results), markup=False, highlight=False)
    codes = {exit_code(result) if isinstance(result, Report) else Exit.UNDECIDED for result in results}
    return next((code for code in (Exit.FAILED, Exit.UNDECIDED) if code in codes), Exit.PASSED)


def _remember(target: Target, result: Result) -> None:
    if isinstance(result, Report):
        journal = Journal.of(target.file)
        try:
            journal.note(target.kata, result)
        except OSError:
            return  # no grade depends on it


def _table(targets: list[Target], results: list[Result]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for target, result in zip(targets, results, strict=True):
        match result:
            case Trouble(message):
                table.add_row(target.kata.id, "?", Text(visible(message, 300), "yellow"))
            case Report():
                style = "green" if result.points == result.possible else ""
                table.add_row(target.kata.id, Text(f"{result.points}/{result.possible}", style), _words(result))
    return table


def _words(report: Report) -> str:
    """The cause, where something failed; else what is next."""
    if report.boot_failure is not None:
        return visible(f"The app did not start: {report.boot_failure.headline}", 300)
    first = first_failure(report)
    if first is not None and first.finding is not None:
        return visible(f"{first.check.id}: {first.finding.headline}", 300)
    return "all checks passed" if report.points == report.possible else advice.next_step(report)
