"""The proof of a kata as a matrix: a row for each app, a column for each check."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from grader.model import Outcome
from grader.text import visible
from grader.verify import Proof, Verdict

_SIGNS = {
    Outcome.PASSED: (" .", "green"),
    Outcome.FAILED: (" F", "bold red"),
    Outcome.BLOCKED: (" -", "dim"),
    Outcome.INCONCLUSIVE: (" ?", "yellow"),
}


def show(proof: Proof, console: Console) -> None:
    """Print the matrix, its legend and the problems."""
    points = sum(check.points for check in proof.checks)
    heading = f"{proof.kata.name}: {len(proof.checks)} checks, {points} points, {len(proof.verdicts)} apps"
    console.print(Text(heading, "bold"))
    if proof.verdicts:
        console.print(
            Text(" " * 30 + "".join(f"{number % 100:2}" for number in range(1, len(proof.checks) + 1)), "dim")
        )
    for verdict in proof.verdicts:
        console.print(_row(proof, verdict), no_wrap=True, crop=False)
    for number, check in enumerate(proof.checks, 1):
        console.print(Text(f"{number:4}  {check.id} ({check.points})", "dim"))
    console.print(Text("      . passed   F failed   - blocked   ? inconclusive", "dim"))
    for problem in proof.problems:
        console.print(Text.assemble(("  problem  ", "bold red"), visible(problem, 500)))
    console.print(Text("sound and fair\n" if not proof.problems else "not yet sound and fair\n", "bold"))


def _row(proof: Proof, verdict: Verdict) -> Text:
    row = Text(f"{verdict.exhibit.label[:29]:30}")
    for check in proof.checks:
        outcome = verdict.outcomes.get(check.id)
        row.append(*(_SIGNS[outcome] if outcome else (" !", "bold red")))
    return row
