"""A table of an instructor's, as spreadsheets and platforms write it: a CSV file in UTF-8, or near to it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.errors import UsageError
from grader.text import visible

_LARGEST: Final = 32 << 20
#: The marks with which a file in UTF-16 begins.
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
#: No text has these; a workbook, or UTF-16 without its mark, does.
_BINARY: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
#: What Excel writes into a first line of its own, and understands there.
_SEPARATOR: Final = re.compile(r'"?sep=([^\w"\r\n])"?[ \t]*[\r\n]*', re.IGNORECASE)

#: So many lines are named in a sentence.
_NAMED: Final = 4
_NOT_UTF: Final = (
    "{file} is not in UTF-8, and was read as Windows-1252, as spreadsheets on Windows write it. Look whether names "
    "with accents are right: if not, save it as CSV (UTF-8)."
)


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` by headers, each with the number of its line in the file. Cells have no spaces around them.

    ``notes`` are sentences about what may not be read as it was meant.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    notes: tuple[str, ...] = ()


def read_table(file: Path) -> Table:
    """Raises UsageError; the message says what is to be done with the file."""
    text, is_utf = _text(file)
    lines = list(io.StringIO(text, newline=""))
    told = _SEPARATOR.fullmatch(lines[0]) if lines else None
    first = 1 if told else 0
    delimiter = told[1] if told else max(",;\t", key="".join(lines[:1]).count)
    found = [(number, cells) for number, cells in _records(file, lines, first, delimiter) if cells]
    headers = tuple(cell.strip() for cell in found[0][1]) if found else ()
    notes = [] if is_utf else [_NOT_UTF.format(file=file)]
    notes += _uneven(file, len(headers), found[1:], delimiter)
    return Table(headers, tuple((number, _row(headers, cells)) for number, cells in found[1:]), tuple(notes))


def _uneven(file: Path, columns: int, rows: Iterable[tuple[int, Sequence[str]]], delimiter: str) -> Iterator[str]:
    """Which lines have more cells than the header, or fewer. Cells without anything are none beyond the header."""
    filled = [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]
    if short := [number for number, cells in filled if len(cells) < columns]:
        yield f"{file}: {_lines(short)} fewer cells than the header: the columns without a cell are empty."
    if long := [number for number, cells in filled if any(cell.strip() for cell in cells[columns:])]:
        yield (
            f"{file}: {_lines(long)} more cells than the header: what is beyond it is not read. A value with "
            f"“{visible(delimiter, 2)}” in it needs quotes around it."
        )


def _lines(numbers: Sequence[int]) -> str:
    """Such as "line 3 has", or "line 3, line 5 and line 8 have"."""
    named = [f"line {number}" for number in numbers[:_NAMED]]
    named += [f"{len(numbers) - _NAMED} more"] if len(numbers) > _NAMED else []
    return f"{', '.join(named[:-1])} and {named[-1]} have" if len(named) > 1 else f"{named[0]} has"


def _row(headers: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Without cells of no header; a line that is too short has nothing in its last ones."""
    filled = [*map(str.strip, cells), *[""] * (len(headers) - len(cells))]
    return {header: cell for header, cell in zip(headers, filled, strict=False) if header}


def _text(file: Path) -> tuple[str, bool]:
    """The text, and whether the file says by its bytes how it is encoded."""
    try:
        if file.stat().st_size > _LARGEST:
            raise UsageError(f"{file} is too large for a roster.")
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"The roster {file} cannot be read: {error.strerror}.") from None
    text, is_utf = _decoded(content)
    if _BINARY.search(text):
        raise UsageError(
            f"{file} is not a CSV file in UTF-8: open it in the program that wrote it, and save it as CSV (UTF-8)."
        )
    return text, is_utf


def _decoded(content: bytes) -> tuple[str, bool]:
    """As :func:`_text`, with zero bytes in it where this is not a text."""
    try:
        return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig"), True
    except UnicodeDecodeError as error:
        if error.encoding.startswith("utf-16") or content.startswith(b"PK\3\4"):
            return "\0", True
        return content.decode("cp1252", errors="replace"), False  # of a spreadsheet on Windows


def _records(file: Path, lines: Sequence[str], first: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each with the number of the line in which it begins. Raises UsageError for a quote that is not closed."""
    reader = csv.reader(lines[first:], delimiter=delimiter)
    while True:
        start = first + reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if first + reader.line_num > start + 1:
                raise _not_closed(file, start + 1) from None
            raise UsageError(f"{file} is not a CSV file: {error} in line {start + 1}.") from None
        if cells is None:
            return
        end = first + reader.line_num
        is_long = end > start + 1 or end == len(lines)
        if is_long and _swallows(lines[start:end], delimiter):
            raise _not_closed(file, start + 1)
        yield start + 1, cells


def _swallows(lines: Sequence[str], delimiter: str) -> bool:
    """Whether these lines, which were read as one record, are one by the rules of quotes, too."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return len(lines) > 1 or "unexpected end of data" in str(error)
    return False


def _not_closed(file: Path, line: int) -> UsageError:
    return UsageError(
        f"{file}: a quote in line {line} is not closed, so the lines after it are read as part of it: close it, or "
        "take it out."
    )
