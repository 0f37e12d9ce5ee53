"""The fates of a kata's mutants: a line for each operator, and the whole change where one survived."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.text import plural, visible, visible_lines
from grader.verify.survival import Fate, Survey, Trial

_COLUMNS = (Fate.KILLED, Fate.EQUIVALENT, Fate.SURVIVED, Fate.UNDECIDED)


def show(survey: Survey, console: Console) -> None:
    """Print the counts by operator, each mutant that survived or is undecided, and the problems."""
    among = f" of {survey.among}" if survey.among > len(survey.trials) else ""
    console.print(Text(f"{survey.kata.name}: {plural(len(survey.trials), 'mutant')}{among}", "bold"))
    if survey.trials:
        console.print(_counts(survey))
    for trial in survey.of(Fate.SURVIVED, Fate.UNDECIDED):
        console.print(_change(trial), soft_wrap=True)
    for problem in survey.problems:
        console.print(Text.assemble(("  problem  ", "bold red"), visible(problem, 500)))
    verdict = "each mutant is killed or equivalent\n" if not survey.problems else "not yet killed or explained\n"
    console.print(Text(verdict, "bold"))


def _counts(survey: Survey) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("operator", no_wrap=True)
    for fate in _COLUMNS:
        table.add_column(fate.value, justify="right")
    table.add_column("the app …")
    counts = Counter((trial.mutant.operator, trial.fate) for trial in survey.trials)
    for name, mistake in {trial.mutant.operator: trial.mutant.mistake for trial in survey.trials}.items():
        table.add_row(name, *(_number(counts[name, fate]) for fate in _COLUMNS), mistake)
    table.add_row("", *(_number(len(survey.of(fate))) for fate in _COLUMNS), "in all", style="bold")
    return table


def _number(count: int) -> str:
    return str(count) if count else "."


def _change(trial: Trial) -> Text:
    mutant = trial.mutant
    text = Text.assemble((f"\n{mutant.id}  {mutant.app}: it {mutant.mistake}  [{mutant.operator}]", "yellow"))
    for line in visible_lines(mutant.diff, lines=40, width=200):
        style = {"-": "red", "+": "green", "@": "dim"}.get(line[:1], "")
        text.append(f"\n    {line}", style)
    return text
