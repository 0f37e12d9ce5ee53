"""`grade class diff`: what another specification changes."""

from __future__ import annotations

from collections import Counter

import click
from rich.table import Table

from grader.classes.difference import Change, Side, changes
from grader.cli.console import console_for, untrusted_text
from grader.cli.parameters import color_option
from grader.exits import Exit
from grader.text import plural, visible


@click.command("diff")
@click.argument("old")
@click.argument("new")
@color_option
def command(old: str, new: str, color: str) -> Exit:
    """Show what differs between two runs: by submission, and by check.

    OLD and NEW are folders of results, or RESULTS@DIGEST for the grades by an earlier specification of the same folder,
    with the first characters of its digest. Exit code 0, whether something differs or not.
    """
    found = list(changes(Side.read(old), Side.read(new)))
    console = console_for(color)
    if not found:
        console.print("No grade differs.")
        return Exit.PASSED
    with untrusted_text():
        console.print(_table(found), markup=False, highlight=False)
        console.print(f"{plural(len(found), 'submission')} with another grade. By check:", highlight=False)
        for (check, before, now), count in _by_check(found).most_common():
            console.print(f"  {count}  {check}: {before or 'none'} -> {now or 'none'}", markup=False, highlight=False)
    return Exit.PASSED


def _by_check(found: list[Change]) -> Counter[tuple[str, str, str]]:
    return Counter(check for change in found for check in change.checks)


def _table(found: list[Change]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("student", "kata", "attempt", "old", "new"):
        table.add_column(name, justify="left" if name in ("student", "kata") else "right")
    for change in found:
        points = ("?" if one is None else str(one) for one in (change.old, change.new))
        table.add_row(visible(change.student.named, 100), change.kata, str(change.attempt), *points)
    return table
