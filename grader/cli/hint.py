"""`grade hint`: one more hint about the check that the last report showed whole."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click
from rich.padding import Padding
from rich.text import Text

from grader.catalog.kata import Kata
from grader.cli.console import console_for
from grader.cli.parameters import Named, complete_check, takes_kata
from grader.errors import UsageError
from grader.exits import Exit
from grader.grading.collect import checks_of, unknown_check
from grader.grading.hints import NO_HINT
from grader.learner import journal
from grader.learner.journal import Journal, Standing
from grader.model import Check
from grader.report import advice
from grader.text import visible


@click.command("hint")
@takes_kata
@click.option(
    "--check",
    "name",
    default="",
    metavar="CHECK",
    shell_complete=complete_check,
    help="Give a hint for this check instead.",
)
def command(named: Named, name: str) -> Exit:
    """Give the next hint about a failed check of KATA.

    It is the check that the last report showed whole. Each check has up to three, from the concept to nearly the
    whole solution; a hint about what your app did may come before them. The workspace remembers which you have seen.
    """
    found = named.kata
    notes = journal.require(Path.cwd(), found)
    standing = notes.standing(found)
    check = _wanted(found, checks_of(found), name, standing)
    if check is None:
        click.echo(f"No check of {found.id} failed when it was last graded. `grade next` shows what is next.")
    elif standing.trouble and not name:
        raise UsageError(
            f"Your app did not start when it was last graded: {standing.trouble}. "
            f"Fix that first; `grade {found.id}` shows where."
        )
    else:
        _give(check, found, notes, standing)
    return Exit.PASSED


def _wanted(kata: Kata, checks: list[Check], name: str, standing: Standing) -> Check | None:
    """The check that is named, or the first that failed last time. Raises UsageError."""
    by_id = {check.id: check for check in checks}
    if name and name not in by_id:
        raise unknown_check(name, by_id, kata)
    names = [name] if name else [one for one in (standing.focus, *standing.failed) if one in by_id]
    return by_id[names[0]] if names else None


def _give(check: Check, kata: Kata, notes: Journal, standing: Standing) -> None:
    """Show one more hint, and those before it; remember that."""
    console = console_for("auto")
    console.print(Text.assemble(("Your server must show that ", "dim"), (check.title, "bold"), ("", "")))
    is_first = check.id == (standing.focus or next(iter(standing.failed), ""))
    if is_first and standing.seen:
        console.print(Text(visible(standing.seen, 600), "red"))
    hints = advice.all_hints(check, standing.cause if is_first else "")
    if not hints:
        console.print(NO_HINT, highlight=False)
        return
    count, shown = len(hints), standing.hints.get(check.id, 0) + 1
    with suppress(OSError):
        notes.note_hint(kata, check.id)
    for number, hint in enumerate(hints[:shown], 1):
        words = Text.assemble(
            (f"{number} of {count}  ", "dim"), (visible(hint, 1000), "cyan" if number == min(shown, count) else "")
        )
        console.print(Padding(words, (0, 0, 0, 2)))
    if shown < count:
        more = f"For the next hint, run this again: grade hint {kata.id}"
        line = more if is_first else f"{more} --check {check.id}"
    else:
        line = f"This was the last hint. To see what is sent: grade {kata.id} --only {check.id}"
    console.print(Text(line, "dim", no_wrap=True), soft_wrap=True)
