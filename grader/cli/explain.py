"""`grade explain`: what a kata grades."""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from grader.cli.console import console_for
from grader.cli.parameters import Named, takes_kata, tell_unknown_keys
from grader.exits import Exit
from grader.grading.collect import checks_of
from grader.requirement import link


@click.command("explain")
@takes_kata
def command(named: Named) -> Exit:
    """Show what KATA grades: its checks, their points and requirements."""
    found = named.kata
    tell_unknown_keys(found)
    checks = checks_of(found)
    console = console_for("auto")
    total = sum(check.points for check in checks)
    console.print(Text(f"{found.id}: {found.title} — {len(checks)} checks, {total} points", "bold"))
    console.print("Your server must show that …", style="dim", highlight=False)
    for check in checks:
        notes = [f"[{check.id}]"]
        if (required := check.requirement) is not None:
            where = f"{required.source} {link(required.source)}".strip() or "this kata's README"
            notes += [f"requirement: {required.text}", f"  {where}"]
        notes += ["a law: it judges the responses of all checks"] if check.is_law else []
        notes += [f"after: {', '.join(check.after)}"] if check.after else []
        grid = Table.grid(padding=(0, 2, 0, 0))
        words = Text.assemble(check.title, ("\n" + "\n".join(notes), "dim"))
        grid.add_row(f"{check.points:3}", words)
        grid.columns[1].overflow = "fold"
        console.print(grid)
    if found.rest:
        console.print(
            f"These checks are for practice: your instructor grades the rest ({found.rest}).", highlight=False
        )
    return Exit.PASSED
