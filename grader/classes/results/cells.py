"""Tables for spreadsheets and gradebooks, in which no cell is a formula, whatever a student's name is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence

from grader.text import visible

#: Spreadsheets take a cell that begins so for a formula or a command, also in full width (OWASP, CSV injection).
_BEGINS_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")
#: A cell of these characters calls nothing, and reads nothing outside, if it is taken for a formula.
_HARMLESS = re.compile(r"[\w.@+=-]*")
_LONGEST = 500  # characters of a cell


def safe(text: str) -> str:
    """``text`` on one line, with an apostrophe in front where a spreadsheet would run it."""
    shown = visible(text, _LONGEST)
    return f"'{shown}" if shown.lstrip().startswith(_BEGINS_FORMULA) else shown


def key(text: str) -> str:
    """By what a platform finds a student: as it is, unless a spreadsheet could do something by it."""
    shown = visible(text, _LONGEST)
    return shown if _HARMLESS.fullmatch(shown) else safe(text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, keys: Collection[str] = ()) -> str:
    """A table as comma-separated values (RFC 4180), with safe cells; those below ``keys`` are keys."""
    found = io.StringIO()
    writer = csv.writer(found)
    writer.writerow([safe(cell) for cell in head])
    for row in rows:
        writer.writerow([key(cell) if name in keys else safe(cell) for name, cell in zip(head, row, strict=True)])
    return found.getvalue()
