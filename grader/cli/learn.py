"""`grade hint`, `grade reset`, `grade solution`: what helps a learner along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.shared import complete_kata, console_for
from grader.errors import UsageError

if TYPE_CHECKING:
    from rich.text import Text

    from grader.catalog.kata import Kata
    from grader.learner.journal import Journal, Standing
    from grader.model import Check


@click.command("hint")
@click.argument("kata", shell_complete=complete_kata)
@click.option("--check", "name", default="", metavar="CHECK", help="About this check, not the first that fails.")
def hint_command(kata: str, name: str) -> None:
    """Give the next hint about the first check of KATA that fails.

    Each check has up to three, from the concept to nearly the answer. Which ones you have seen is remembered.
    """
    from grader.catalog.lookup import find
    from grader.grading.plugin import checks_of
    from grader.learner import journal

    found = find(kata, Path.cwd())
    notes = journal.require(Path.cwd(), found)
    standing = notes.standing(found)
    check = _wanted(found, checks_of(found), name, standing)
    if check is None:
        click.echo(f"Nothing fails in {found.id}. On to the next kata: `grade list`.")
    elif standing.trouble and not name:
        raise UsageError(
            f"Your app did not start when it was last graded: {standing.trouble}. "
            f"Mend that first; `grade {found.id}` shows where."
        )
    else:
        _give(check, found, notes, standing)


def _wanted(kata: Kata, checks: list[Check], name: str, standing: Standing) -> Check | None:
    """The check that is named, or the first that failed last time. Raises UsageError."""
    from grader.catalog.kata import meant

    by_id = {check.id: check for check in checks}
    if name and name not in by_id:
        raise UsageError(f"There is no check {name!r}.{meant(name, by_id)} See `grade explain {kata.id}`.")
    names = [name] if name else [one for one in standing.failed if one in by_id]
    return by_id[names[0]] if names else None


def _give(check: Check, kata: Kata, notes: Journal, standing: Standing) -> None:
    """Show one more hint, and those before it; remember that."""
    from rich.padding import Padding
    from rich.text import Text

    console = console_for("auto")
    console.print(Text.assemble(("Your server must show that ", "dim"), (check.title, "bold"), ("", "")))
    if not check.hints:
        console.print("Its author gives no hint; the kata's README says what is graded.", highlight=False)
        return
    count, shown = len(check.hints), standing.hints.get(check.id, 0) + 1
    with suppress(OSError):
        notes.note_hint(kata, check.id)
    for number, hint in enumerate(check.hints[:shown], 1):
        words = Text.assemble((f"{number} of {count}  ", "dim"), (hint, "cyan" if number == min(shown, count) else ""))
        console.print(Padding(words, (0, 0, 0, 2)))
    if shown < count:
        more = f"For the next one, ask again: grade hint {kata.id}"
        line = more if standing.failed[:1] == (check.id,) else f"{more} --check {check.id}"
    else:
        line = f"That was the last one. To see what is sent: grade {kata.id} --only {check.id}"
    console.print(Text(line, "dim", no_wrap=True), soft_wrap=True)


@click.command("reset")
@click.argument("kata", shell_complete=complete_kata)
def reset_command(kata: str) -> None:
    """Put the stub of KATA back; your file is kept beside it."""
    from grader.catalog.lookup import find
    from grader.learner.journal import Journal
    from grader.learner.workspace import find_home, reset

    found = find(kata, Path.cwd())
    app = find_home(found, kata, Path.cwd()) / found.entry[0]
    was_there = app.exists()
    kept = reset(app, found)
    with suppress(OSError):
        if journal := Journal.near(Path.cwd()):
            journal.note_reset(found)
    if kept is not None:
        click.echo(f"{_here(app)} is the stub again. Your file is kept as {kept.name}, beside it.")
    else:
        click.echo(f"{_here(app)} is the stub {'already' if was_there else 'again'}.")


@click.command("solution")
@click.argument("kata", shell_complete=complete_kata)
@click.option("--force", is_flag=True, help="Show it before full marks.")
def solution_command(kata: str, force: bool) -> None:
    """Show the solution of KATA once you have full marks, and how your file differs from it."""
    from grader.catalog.lookup import find
    from grader.learner.journal import Journal
    from grader.learner.workspace import find_app
    from grader.text import visible

    found = find(kata, Path.cwd())
    solution = found.solutions / found.entry[0]
    if not solution.is_file():
        raise UsageError(f"{found.id} comes without a solution here.")
    notes = Journal.near(Path.cwd())
    best = notes.standing(found).best if notes else None
    if not force and not (best and best.is_full):
        reached = f"Your best is {best.points} of {best.possible} points" if best else "You have not graded it yet"
        raise UsageError(f"{reached}; the solution is shown after full marks. To see it all the same: --force.")
    console = console_for("auto")
    if not (best and best.is_full):
        console.print("The solution, before full marks, as you asked:\n", style="yellow", highlight=False)
    text = solution.read_text("utf-8")
    console.print(_python(text), soft_wrap=True)
    with suppress(UsageError):  # without a file of one's own there is nothing to compare
        app = find_app(found, kata, Path.cwd())
        mine = app.read_text("utf-8", "replace")
        console.print(f"From your {visible(_here(app), 200)} to it:\n", style="bold", highlight=False)
        for line in _difference(mine, text):
            console.print(line, soft_wrap=True)


def _python(text: str) -> Text:
    """The source, in colours."""
    from rich.syntax import Syntax

    highlighted = Syntax("", "python", theme="ansi_light", background_color="default").highlight(text)
    highlighted.no_wrap = True
    return highlighted


def _difference(mine: str, solution: str) -> Iterator[Text]:
    from difflib import unified_diff

    from rich.text import Text

    from grader.text import visible

    styles = {"+": "green", "-": "red", "@": "dim"}
    lines = list(unified_diff(mine.splitlines(), solution.splitlines(), "yours", "solution", lineterm="", n=2))
    for line in lines or ["There is no difference."]:
        yield Text(visible(line, 400), styles.get(line[:1], ""))


def _here(path: Path) -> str:
    """``path`` as seen from here, when it is below here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
