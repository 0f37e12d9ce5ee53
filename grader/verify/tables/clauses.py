"""The contract of a kata, clause by clause: what grades each, and what breaks it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.text import plural, visible
from grader.verify.proof import Proof


def show(proof: Proof, console: Console) -> None:
    """Print a line for each clause."""
    if not proof.clauses:
        return
    count = sum(len(clause.sentences) for clause in proof.clauses)
    heading = f"{proof.kata.name}: {plural(len(proof.clauses), 'clause')}, {plural(count, 'sentence')}"
    console.print(Text(heading, "bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("clause", "graded by", "broken by"):
        table.add_column(name, overflow="fold")
    for clause in proof.clauses:
        broken_by = ", ".join(name.removesuffix(".py") for name in clause.broken_by)
        graded_by = ", ".join(clause.graded_by) or "-"
        table.add_row(*(visible(text, 500) for text in (clause.id, graded_by, broken_by or clause.ungraded)))
    console.print(table)
