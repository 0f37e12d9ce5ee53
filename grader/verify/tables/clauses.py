"""The contract of a kata, clause by clause: what grades each, and what breaks it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.text import plural, visible
from grader.verify.clauses import Clause
from grader.verify.proof import Proof
from grader.verify.tables.layout import broken, widths

#: Columns between two cells.
_GAP = 2


def show(proof: Proof, console: Console) -> None:
    """Print a line for each clause."""
    if not proof.clauses:
        return
    count = sum(len(clause.sentences) for clause in proof.clauses)
    heading = f"{proof.kata.name}: {plural(len(proof.clauses), 'clause')}, {plural(count, 'sentence')}"
    console.print(Text(heading, "bold"))
    names = ("clause", "graded by", "broken by")
    rows = [tuple(visible(text, 500) for text in _row(clause)) for clause in proof.clauses]
    room = widths([names, *rows], console.width - _GAP * (len(names) - 1))
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    for name, width in zip(names, room, strict=True):
        table.add_column(name, width=width, overflow="fold")
    for row in rows:
        table.add_row(*(Text(broken(text, width)) for text, width in zip(row, room, strict=True)))
    console.print(table)


def _row(clause: Clause) -> tuple[str, str, str]:
    broken_by = ", ".join(name.removesuffix(".py") for name in clause.broken_by)
    return clause.id, ", ".join(clause.graded_by) or "-", broken_by or clause.ungraded
