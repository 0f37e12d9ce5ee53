"""What the tables share: rows of problems, and names that are broken where a reader expects it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.text import visible

_PROBLEM = "  problem  "
#: A piece of text that stays on one line: up to a space, or to a sign inside a name.
_PIECE = re.compile(r"[^\s_/-]*[_/-]+|[^\s_/-]+|\s+")
_WORD = re.compile(r"\S+|^$")


def show_problems(problems: Iterable[str], console: Console) -> None:
    """Print each problem; what does not fit on its first line stands below it, behind the word."""
    table = Table.grid()
    table.add_column(width=len(_PROBLEM), style="bold red")
    table.add_column(overflow="fold")
    for problem in problems:
        table.add_row(_PROBLEM, Text(visible(problem, 500)))
    if table.rows:
        console.print(table)


def widths(rows: Iterable[Sequence[str]], room: int) -> list[int]:
    """The widths of columns, in which no word is broken as long as there is room; the last one takes what is left."""
    found = [
        max(max(map(len, _WORD.findall(cell)), default=1) for cell in column) for column in zip(*rows, strict=True)
    ]
    while sum(found) > max(room, len(found)):
        found[found.index(max(found))] -= 1
    found[-1] += room - sum(found)
    return found


def broken(text: str, width: int) -> str:
    """``text`` in lines of this width. A word that is longer is broken behind its underscores, hyphens and slashes."""
    lines = [""]
    for word in re.findall(r"\S+\s*", text):
        pieces = [word] if len(word.rstrip()) <= width else _PIECE.findall(word)
        for piece in pieces:
            if lines[-1] and len(lines[-1] + piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)
