"""The proof of a kata as a matrix: a row for each app, a column for each check."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from grader.model import Outcome
from grader.verify.proof import Proof
from grader.verify.tables.layout import show_problems
from grader.verify.verdict import Verdict

_SIGNS = {
    Outcome.PASSED: (".", "green"),
    Outcome.FAILED: ("F", "bold red"),
    Outcome.BLOCKED: ("-", "dim"),
    Outcome.INCONCLUSIVE: ("?", "yellow"),
}
_LABEL = 30


def show(proof: Proof, console: Console) -> None:
    """Print the matrix, its legend and the problems; of a kata that cannot be graded only the problems."""
    if not proof.checks:
        console.print(Text(proof.kata.name, "bold"))
        show_problems(proof.problems, console)
        console.print()
        return
    _show_matrix(proof, console)
    show_problems(proof.problems, console)
    console.print(Text("sound and fair\n" if not proof.problems else "not yet sound and fair\n", "bold"))


def _show_matrix(proof: Proof, console: Console) -> None:
    points = sum(check.points for check in proof.checks)
    heading = f"{proof.kata.name}: {len(proof.checks)} checks, {points} points, {len(proof.verdicts)} apps"
    if proof.again:
        heading += f", {len(proof.verdicts) + proof.again} verdicts"
    console.print(Text(heading, "bold"))
    gap = " " if _LABEL + 2 * len(proof.checks) <= console.width else ""
    if proof.verdicts:
        console.print(Text(_numbers(len(proof.checks), gap), "dim"), soft_wrap=True)
    for verdict in proof.verdicts:
        console.print(_row(proof, verdict, gap), soft_wrap=True)
    for number, check in enumerate(proof.checks, 1):
        console.print(Text(f"{number:4}  {check.id} ({check.points})", "dim"), soft_wrap=True)
    if proof.verdicts:
        console.print(Text("      . passed   F failed   - blocked   ? inconclusive   ! not graded", "dim"))


def _numbers(count: int, gap: str) -> str:
    """The columns' numbers, read from top to bottom."""
    numbers = range(1, count + 1)
    tens = gap.join(str(number // 10) if number > 9 else " " for number in numbers)
    return f"{'':{_LABEL}}{tens}\n{'':{_LABEL}}{gap.join(str(number % 10) for number in numbers)}"


def _row(proof: Proof, verdict: Verdict, gap: str) -> Text:
    row = Text(f"{verdict.app.label[: _LABEL - 1]:{_LABEL}}")
    for number, check in enumerate(proof.checks):
        outcome = verdict.outcomes.get(check.id)
        sign, style = _SIGNS[outcome] if outcome else ("!", "bold red")
        row.append(gap if number else "").append(sign, style)
    return row
