"""Tables for spreadsheets and gradebooks, in which no cell is a formula, whatever a student's name is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from grader.text import visible

#: Spreadsheets take a cell that begins so for a formula or a command, also in full width (OWASP, CSV injection).
_BEGINS_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")
_LONGEST = 500  # characters of a cell


def safe(text: str) -> str:
    """``text`` on one line, with an apostrophe in front where a spreadsheet would run it."""
    shown = visible(text, _LONGEST)
    return f"'{shown}" if shown.lstrip().startswith(_BEGINS_FORMULA) else shown


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as comma-separated values (RFC 4180), with safe cells."""
    found = io.StringIO()
    writer = csv.writer(found)
    for row in (head, *rows):
        writer.writerow([safe(cell) for cell in row])
    return found.getvalue()
