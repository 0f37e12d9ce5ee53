"""`grade solution`: the solution, after full marks, compared with the learner's file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path

import click
from rich.syntax import Syntax
from rich.text import Text

from grader.catalog.files import read_bytes
from grader.catalog.packs import GET_SOLUTIONS, is_bundled
from grader.cli.console import console_for
from grader.cli.parameters import Named, takes_kata
from grader.errors import UsageError
from grader.exits import Exit
from grader.learner.journal import Journal
from grader.learner.workspace import find_app
from grader.text import from_here, visible


@click.command("solution")
@takes_kata
@click.option("--force", is_flag=True, help="Show it before full marks.")
def command(named: Named, force: bool) -> Exit:
    """Show the solution of KATA, and how your file differs from it.

    It is shown once you have full marks.
    """
    found = named.kata
    solution = found.solutions / found.entry[0]
    if not solution.is_file():
        raise UsageError(f"{found.id} has no solution here" + (f"; {GET_SOLUTIONS}." if is_bundled(found) else "."))
    notes = Journal.near(Path.cwd())
    best = notes.standing(found).best if notes else None
    if not force and not (best and best.is_full):
        reached = f"Your best is {best.points} of {best.possible} points" if best else "You have not graded it yet"
        raise UsageError(f"{reached}; the solution is shown after full marks. To see it now: --force.")
    console = console_for("auto")
    if not (best and best.is_full):
        console.print("The solution, before full marks, as you asked:\n", style="yellow", highlight=False)
    text = solution.read_text("utf-8")
    console.print(_python(text), soft_wrap=True)
    with suppress(UsageError):  # without a file of the learner's there is nothing to compare
        app = find_app(found, named.name, Path.cwd())
        mine = _text(app)
        console.print(f"From your {visible(from_here(app), 200)} to the solution:\n", style="bold", highlight=False)
        for line in _difference(mine, text):
            console.print(line, soft_wrap=True)
    return Exit.PASSED


def _text(app: Path) -> str:
    """Raises UsageError for what no solution can be compared with."""
    try:
        return read_bytes(app).decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{app} cannot be read: {error.strerror}.") from None


def _python(text: str) -> Text:
    """The source, in colours."""
    highlighted = Syntax("", "python", theme="ansi_light", background_color="default").highlight(text)
    highlighted.no_wrap = True
    return highlighted


def _difference(mine: str, solution: str) -> Iterator[Text]:
    styles = {"+": "green", "-": "red", "@": "dim"}
    lines = list(unified_diff(mine.splitlines(), solution.splitlines(), "yours", "solution", lineterm="", n=2))
    for line in lines or ["The two files are the same."]:
        yield Text(visible(line, 400), styles.get(line[:1], ""))
