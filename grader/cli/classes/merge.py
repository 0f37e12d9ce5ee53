"""`grade class merge`: one ledger of those of several machines."""

from __future__ import annotations

from pathlib import Path

import click

from grader.classes.audit import audit
from grader.classes.ledger import Ledger
from grader.classes.merging import merge, missing_sentence
from grader.classes.results.folder import write_results
from grader.cli.classes import summary
from grader.cli.classes.session import exit_of
from grader.cli.parameters import color_option
from grader.exits import Exit


@click.command("merge")
@click.argument("parts", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Put them together in DIR.",
)
@color_option
def command(parts: tuple[Path, ...], out: Path, color: str) -> Exit:
    """Put the ledgers in PARTS together, the results of `grade class --shard`.

    All shards need the same --seed, settings and roster. Exit codes: 0 each submission has a result; 2 usage; 3 some
    have none, or a shard is missing.
    """
    missing = merge(parts, out)
    with Ledger.open(out) as ledger:
        found = audit(ledger)
        write_results(ledger, out)
    summary.show(found, color, results=out)
    summary.tell_results(out)
    if missing:
        click.echo(f"grade: {missing_sentence(missing)}.", err=True)
        return Exit.UNDECIDED
    return exit_of(found)
