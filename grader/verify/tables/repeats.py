"""The outcome of repeated grades: a line for each check, and each verdict that differed."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.text import plural, visible
from grader.verify.audit import Audit


def show(audit: Audit, console: Console) -> None:
    """Print how often each check's verdict differed, the bound on that, and every difference."""
    beside = f" beside {plural(audit.load, 'busy process')}" if audit.load else ""
    grades = plural(len(audit.samples), "grade")
    heading = f"{audit.kata.name}: {grades}, {plural(audit.repeats, 'time')} each app{beside}"
    console.print(Text(heading, "bold"))
    console.print(_tallies(audit))
    for problem in audit.problems:
        console.print(Text.assemble(("  problem  ", "bold red"), visible(problem, 500)))
    differed, verdicts = sum(tally.differed for tally in audit.tallies), sum(tally.trials for tally in audit.tallies)
    console.print(Text(f"{differed} of {verdicts} verdicts differed\n", "bold"))


def _tallies(audit: Audit) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("check", overflow="fold")
    for heading in ("verdicts", "differed", "inconclusive", "at most (95 %)"):
        table.add_column(heading, justify="right")
    for tally in audit.tallies:
        numbers = (tally.trials, tally.differed, tally.inconclusive)
        table.add_row(tally.check.id, *map(str, numbers), f"{100 * tally.bound:.2f} %")
    return table
