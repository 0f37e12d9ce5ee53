"""The fates of a kata's mutants: a line for each operator, and the whole change where one survived."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.text import Text

from grader.text import plural, visible_lines
from grader.verify.mutation.conditions import CONDITIONS
from grader.verify.survival import Fate, Survey, Trial
from grader.verify.tables.layout import show_problems

#: Lines of one change that are shown.
_MOST = 40
_COLUMNS = (Fate.KILLED, Fate.EQUIVALENT, Fate.SURVIVED, Fate.UNDECIDED)


def show(survey: Survey, console: Console) -> None:
    """Print the counts by operator, each mutant that survived or is undecided, and the problems."""
    among = f" of {survey.among}" if survey.among > len(survey.trials) else ""
    console.print(Text(f"{survey.kata.name}: {plural(len(survey.trials), 'mutant')}{among}", "bold"))
    if survey.trials:
        console.print(_counts(survey, console.width), soft_wrap=True)
    for trial in survey.of(Fate.SURVIVED, Fate.UNDECIDED):
        console.print(_change(trial), soft_wrap=True)
    show_problems(survey.problems, console)
    verdict = "each mutant is killed or equivalent\n" if not survey.problems else "not yet killed or explained\n"
    console.print(Text(verdict, "bold"))


def _counts(survey: Survey, width: int) -> Text:
    """A row for each operator, with the mistake behind the numbers, or below them where some do not fit there."""
    operators = {trial.mutant.operator: _mistake(trial) for trial in survey.trials}
    counts = Counter((trial.mutant.operator, trial.fate) for trial in survey.trials)
    room = max(len(name) for name in ("operator", *operators))
    head = f"{'operator':{room}}" + "".join(f"  {fate.value}" for fate in _COLUMNS)
    gap = "  " if len(head) + 2 + max(map(len, operators.values())) <= width else "\n  "
    text = Text.assemble((f"{head}\n", "dim"))
    for name, mistake in operators.items():
        numbers = _numbers([counts[name, fate] for fate in _COLUMNS])
        text.append(f"{name:{room}}{numbers}{gap}{mistake}\n")
    return text.append(f"{'in all':{room}}{_numbers([len(survey.of(fate)) for fate in _COLUMNS])}", "bold")


def _mistake(trial: Trial) -> str:
    """What the mutants of its operator do. Under a condition they make the mistakes of many operators."""
    words = {condition.name: condition.words for condition in CONDITIONS}
    name = trial.mutant.operator
    return f"it makes one of these mistakes, {words[name]}" if name in words else f"it {trial.mutant.mistake}"


def _numbers(counts: list[int]) -> str:
    return "".join(f"  {count or '.':>{len(fate.value)}}" for count, fate in zip(counts, _COLUMNS, strict=True))


def _change(trial: Trial) -> Text:
    mutant = trial.mutant
    text = Text.assemble((f"\n{mutant.id}  {mutant.app}: it {mutant.mistake}  [{mutant.operator}]", "yellow"))
    lines = visible_lines(mutant.diff, lines=mutant.diff.count("\n") + 1)
    for line in lines[:_MOST]:
        style = {"-": "red", "+": "green", "@": "dim"}.get(line[:1], "")
        text.append(f"\n    {line}", style)
    if len(lines) > _MOST:
        text.append(f"\n    … {len(lines) - _MOST} more lines", "dim")
    return text
