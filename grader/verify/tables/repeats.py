"""The outcome of repeated grades: a line for each check, and each verdict that differed."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.text import plural
from grader.verify.audit import Audit
from grader.verify.tables.layout import broken, show_problems


def show(audit: Audit, console: Console) -> None:
    """Print how often each check's verdict differed, the bound on that, and every difference."""
    beside = f" beside {plural(audit.load, 'busy process')}" if audit.load else ""
    grades = plural(len(audit.samples), "grade")
    heading = f"{audit.kata.name}: {grades}, {plural(audit.repeats, 'time')} each app{beside}"
    console.print(Text(heading, "bold"))
    console.print(_tallies(audit, console.width))
    show_problems(audit.problems, console)
    differed, verdicts = sum(tally.differed for tally in audit.tallies), sum(tally.trials for tally in audit.tallies)
    console.print(Text(f"{differed} of {verdicts} verdicts differed\n", "bold"))


def _tallies(audit: Audit, width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("check")
    headings = ("verdicts", "differed", "inconclusive", "at most (95 %)")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    room = max(width - sum(len(heading) + 2 for heading in ("", *headings)), len("check"))
    for tally in audit.tallies:
        numbers = (tally.trials, tally.differed, tally.inconclusive)
        table.add_row(broken(tally.check.id, room), *map(str, numbers), f"{100 * tally.bound:.2f} %")
    return table
