"""`grade list`, `grade explain`, `grade init`: what there is, and how to begin."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from grader.cli.shared import complete_kata, console_for, tell_refused


@click.command("list")
def list_command() -> None:
    """Show the katas: titles, points, concepts, and how far you are with each."""
    from rich.table import Table
    from rich.text import Text

    from grader.catalog.kata import BUNDLED
    from grader.catalog.lookup import available
    from grader.grading.plugin import checks_of
    from grader.learner.journal import Journal, Standing
    from grader.text import ago, plural

    here = Path.cwd()
    journal = Journal.near(here)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ["kata", "title", "points", *(["best", "last run"] if journal else [])]:
        side: Literal["left", "right"] = "right" if heading in ("points", "best") else "left"
        table.add_column(heading, justify=side, no_wrap=heading not in ("title", "last run"))
    found = available(here)
    for kata in found.katas:
        points = sum(check.points for check in checks_of(kata))
        notes = [", ".join(kata.concepts), *([f"from {kata.location}"] if kata.pack != BUNDLED else [])]
        title = Text.assemble(kata.title, ("\n" + "\n".join(notes), "dim"))
        standing = journal.standing(kata) if journal else Standing()
        best = str(standing.best.points) if standing.best else "-"
        last = f"{ago(standing.last.at)}\n{plural(standing.attempts, 'attempt')}" if standing.last else "-"
        table.add_row(kata.id, title, str(points), *([best, last] if journal else []))
    console_for("auto").print(table, markup=False, highlight=False)
    tell_refused(found)


@click.command("explain")
@click.argument("kata", shell_complete=complete_kata)
def explain_command(kata: str) -> None:
    """Show what KATA grades: its checks, their points and rules."""
    from rich.table import Table
    from rich.text import Text

    from grader.catalog.lookup import find
    from grader.grading.plugin import checks_of
    from grader.requirement import link

    found = find(kata, Path.cwd())
    checks = checks_of(found)
    console = console_for("auto")
    total = sum(check.points for check in checks)
    console.print(Text(f"{found.id}: {found.title} — {len(checks)} checks, {total} points", "bold"))
    console.print("Your server must show that …", style="dim", highlight=False)
    for check in checks:
        notes = [f"[{check.id}]"]
        notes += [f"rule: {check.rule} {link(check.rule)}".rstrip()] if check.rule else []
        notes += [f"after: {', '.join(check.after)}"] if check.after else []
        grid = Table.grid(padding=(0, 2, 0, 0))
        words = Text.assemble(check.title, ("\n" + "\n".join(notes), "dim"))
        grid.add_row(f"{check.points:3}", words)
        grid.columns[1].overflow = "fold"
        console.print(grid)


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("katas", nargs=-1, shell_complete=complete_kata)
def init_command(folder: Path, katas: tuple[str, ...]) -> None:
    """Make a workspace in FOLDER: the READMEs and stubs of KATAS (all of them, if none is named)."""
    from grader.catalog.lookup import available, find
    from grader.learner.workspace import init
    from grader.text import plural

    here = Path.cwd()
    wanted = [find(name, here) for name in katas] if katas else available(here).katas
    made = init(folder, wanted)
    for path in made.kept:
        click.echo(f"kept   {path} (it has your edits)")
    is_here = folder.resolve() == here
    click.echo(f"{plural(len(made.written), 'file')} written to {'this folder' if is_here else folder}.")
    first, go = wanted[0], "" if is_here else f"cd {folder}, "
    click.echo(f"Next: {go}read {first.id}-*/README.md, edit its {first.entry[0]}, and run `grade {first.id}`.")


@click.command("new")
@click.argument("name")
@click.option("--in", "root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Where [here].")
def new_command(name: str, root: Path) -> None:
    """Lay out a new kata NAME, such as kata-12-some-words, with all that proves it."""
    from grader.catalog.scaffold import new
    from grader.text import plural

    made = new(name, root.resolve())
    number = name.split("-")[1]
    click.echo(f"{plural(len(made), 'file')} written to {root / 'katas' / name} and {root / 'solutions' / name}.")
    click.echo(
        f"Next: run `grade verify kata-{number}` where they are. Its apps are judged rightly, and what is left for "
        "you to fill in is named."
    )
