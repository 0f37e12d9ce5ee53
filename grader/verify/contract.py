"""The sentences of a kata's contract: all that its README says under "## The contract"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

_HEADING = "## The contract"
_BULLET = re.compile(r"^(?:[-*+]|\d+[.)])\s+")
_FENCE = re.compile(r"(`{3,}|~{3,})")
#: Fine print is folded away between such lines; what a summary says is a heading.
_FOLD = re.compile(r"</?details>(?:<summary>.*</summary>)?|<summary>.*</summary>")
_RULE = re.compile(r"\|?[\s:|-]*-[\s:|-]*\|?")
#: Where a sentence ends: a mark, and then a word that does not begin in lower case.
_BORDER = re.compile(r"(?<=[.!?])[)\"”’]*\s+(?=[^\sa-z])")
#: In these a mark ends no sentence: code, and what stands in parentheses, up to its last mark.
_WITHIN = re.compile(r"`[^`]+`|\((?:[^()`]|`[^`]*`)+\)|\b(?:e\.g|i\.e|cf|vs)\.")


class _Kind(Enum):
    PROSE = auto()
    ITEM = auto()
    ROW = auto()
    BORDER = auto()  # a heading, code, or where something is folded: what introduces it stands for itself


@dataclass(slots=True)
class _Block:
    kind: _Kind
    text: str = ""


def sentences(readme: str) -> tuple[str, ...]:
    """Each sentence of the contract: of prose and list items, and each row of a table below its head.

    Code blocks and headings are left out. So are words that end in a colon and introduce a list, a table or the next
    paragraph: they belong to what follows.
    """
    blocks = [*_blocks(_section(readme)), _Block(_Kind.BORDER)]
    found: list[str] = []
    for block, following in pairwise(blocks):
        parts = [block.text] if block.kind is _Kind.ROW else _split(block.text)
        if parts and parts[-1].endswith(":") and following.kind is not _Kind.BORDER:
            parts.pop()
        found += [part for part in map(plain, parts) if part]
    return tuple(found)


def plain(sentence: str) -> str:
    """A sentence as it is compared: white space, bold type, the mark of an item and a row's outer bars do not count."""
    text = " ".join(sentence.replace("**", "").split())
    text = _BULLET.sub("", text, count=1)
    return " | ".join(cell.strip() for cell in text.strip("| ").split(" | ")) if text.startswith("|") else text


def _section(readme: str) -> list[str]:
    """The lines of the contract, up to the next heading of its level."""
    lines = list(_folded(readme.splitlines()))
    start = next((number for number, line in enumerate(lines, 1) if line.strip() == _HEADING), len(lines))
    ends = (number for number, line in enumerate(lines) if number >= start and re.match(r"##?\s", line))
    return _without_heads(lines[start : next(ends, len(lines))])


def _folded(lines: list[str]) -> Iterator[str]:
    """The lines with one fence in place of each fenced block of code."""
    fence = ""
    for line in lines:
        opens = _FENCE.match(line.strip())
        if fence:
            fence = "" if line.strip().startswith(fence) else fence
        else:
            fence = opens[1] if opens else ""
            yield line


def _without_heads(lines: list[str]) -> list[str]:
    """All but the heads of tables, each with the rule below it."""
    rules = {number for number, line in enumerate(lines) if "|" in line and _RULE.fullmatch(line.strip())}
    return [line for number, line in enumerate(lines) if number not in rules and number + 1 not in rules]


def _blocks(lines: list[str]) -> Iterator[_Block]:
    """The paragraphs, items and rows, with a border for each heading and code block."""
    block, previous = None, _Kind.BORDER
    for line in lines:
        text = line.strip()
        if (
            _FENCE.match(text)
            or _FOLD.fullmatch(text)
            or text.startswith("#")
            or _is_indented_code(line, block, previous)
        ):
            yield from _ended(block)
            yield _Block(_Kind.BORDER)
            block, previous = None, _Kind.BORDER
        elif not text or _begins(text) or block is None or block.kind is _Kind.ROW:
            yield from _ended(block)
            block = _Block(_begins(text) or _Kind.PROSE, _BULLET.sub("", text, count=1)) if text else None
            previous = block.kind if block else previous
        else:
            block.text += f" {text}"
    yield from _ended(block)


def _begins(text: str) -> _Kind | None:
    """The kind of block that a line begins, whatever stands above it."""
    if text.startswith("|"):
        return _Kind.ROW
    return _Kind.ITEM if _BULLET.match(text) else None


def _is_indented_code(line: str, block: _Block | None, previous: _Kind) -> bool:
    return line.startswith("    ") and bool(line.strip()) and block is None and previous is not _Kind.ITEM


def _ended(block: _Block | None) -> Iterator[_Block]:
    if block is not None:
        yield block


def _split(text: str) -> list[str]:
    """The sentences of one paragraph or item."""
    masked = _WITHIN.sub(_mask, text)
    places = [0, *(found.end() for found in _BORDER.finditer(masked)), len(text)]
    return [text[start:end].strip() for start, end in pairwise(places)]


def _mask(found: re.Match[str]) -> str:
    """As long as before, and without marks but the last one of a whole sentence in parentheses."""
    text = found[0]
    kept = text[-2:] if text[0] == "(" else "`"
    return text[0] + "x" * (len(text) - 1 - len(kept)) + kept
