"""`grade class diff`: what another specification changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from grader.classes.difference import Change, Side, difference
from grader.classes.ledger import Row
from grader.cli.console import console_for, untrusted_text
from grader.cli.parameters import color_option
from grader.exits import Exit
from grader.text import plural, visible

#: So many submissions are named.
_NAMED = 20


@click.command("diff")
@click.argument("old")
@click.argument("new")
@color_option
def command(old: str, new: str, color: str) -> Exit:
    """Show what differs between two runs: by submission, and by check.

    OLD and NEW are folders of results, or RESULTS@DIGEST for the grades by an earlier specification of the same folder,
    with the first characters of its digest. Exit code 0, whether something differs or not.
    """
    found = difference(Side.read(old), Side.read(new))
    console = console_for(color)
    with untrusted_text():
        if found.changes:
            _print_changes(console, found.changes, common=found.common)
        for rows, side in ((found.only_old, "OLD"), (found.only_new, "NEW")):
            if rows:
                _print(console, f"{plural(len(rows), 'submission')} only in {side}: {_named(rows)}")
        if not found.changes:
            is_same = not found.only_old and not found.only_new
            _print(console, "No grade differs." if is_same else "No grade differs of those that both have.")
    return Exit.PASSED


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _print_changes(console: Console, found: Sequence[Change], *, common: int) -> None:
    console.print(_table(found), markup=False, highlight=False)
    by_check = _by_check(found)
    of = plural(common, "submission")
    verb = "has" if len(found) == 1 else "have"
    _print(console, f"{len(found)} of {of} {verb} another grade.{' By check:' if by_check else ''}")
    for (check, before, now), count in by_check.most_common():
        _print(console, f"  {count}  {check}: {before or 'none'} -> {now or 'none'}")


def _named(rows: Sequence[Row]) -> str:
    """The first of them, each with its attempt where that is not the first one."""
    names = [
        f"{visible(row.student.named, 100)}, {row.submission.kata}"
        + (f", attempt {row.submission.attempt}" if row.submission.attempt > 1 else "")
        for row in rows[:_NAMED]
    ]
    return "; ".join(names) + (f"; and {len(rows) - _NAMED} more" if len(rows) > _NAMED else "")


def _by_check(found: Sequence[Change]) -> Counter[tuple[str, str, str]]:
    return Counter(check for change in found for check in change.checks)


def _table(found: Sequence[Change]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("student", "kata", "attempt", "old", "new"):
        table.add_column(name, justify="left" if name in ("student", "kata") else "right")
    for change in found:
        points = (
            became if one is None else str(one)
            for one, became in zip((change.old, change.new), change.became, strict=True)
        )
        table.add_row(visible(change.student.named, 100), change.kata, str(change.attempt), *points)
    return table
