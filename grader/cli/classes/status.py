"""`grade class status`: how far a class is graded."""

from __future__ import annotations

from pathlib import Path

import click

from grader.classes.audit import audit
from grader.classes.ledger import Ledger
from grader.cli.classes import summary
from grader.cli.classes.session import exit_of
from grader.cli.parameters import color_option
from grader.exits import Exit


@click.command("status")
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--all", "all_named", is_flag=True, help="Name all submissions that are to be looked at.")
@color_option
def command(results: Path, all_named: bool, color: str) -> Exit:
    """Show how far the class in RESULTS is graded, and whose grade failed by the machine's fault.

    It can be asked while the class is graded. Exit codes: 0 each submission has a result; 3 some have none.
    """
    with Ledger.open(results) as ledger:
        found = audit(ledger)
    summary.show(found, color, results=results, all_named=all_named)
    return exit_of(found)
