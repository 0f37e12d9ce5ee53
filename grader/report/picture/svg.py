"""The sequence picture as shapes of an SVG: where lines and words go. The page's template writes the markup."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from grader.report.picture.layout import Arrow, Fold, Parting, Party, Remark, Row, Silence

WIDTH = 900
_LANES = (76, 530, WIDTH - 16)
_TOP, _ROW, _FOOT = 44, 27, -11
_CHARACTER = 7.0  # width of one in the page's monospaced font of 11.5 pixels, with some to spare
_PARTING = 46


@dataclass(frozen=True, slots=True)
class Shaft:
    """An arrow's line from ``x1`` to ``x2``."""

    x1: int
    x2: int
    y: int
    wrong: bool


@dataclass(frozen=True, slots=True)
class Words:
    """Text whose baseline is at ``y``; ``anchor`` and ``kind`` are what SVG and the style sheet call them."""

    x: int
    y: int
    text: str
    kind: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Box:
    """The strip behind a parting."""

    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Lifeline:
    """A lane's vertical line, and its name above."""

    x: int
    name: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything in one picture, in the order in which it is painted."""

    height: int
    lifelines: tuple[Lifeline, ...]
    boxes: tuple[Box, ...]
    shafts: tuple[Shaft, ...]
    words: tuple[Words, ...]
    width: int = WIDTH


def draw(rows: Iterable[Row]) -> Drawing:
    """The shapes of ``rows``, from top to bottom."""
    easel = _Easel()
    for row in rows:
        easel.add(row)
    return easel.drawing()


class _Easel:
    def __init__(self) -> None:
        self._y = _TOP
        self._boxes: list[Box] = []
        self._shafts: list[Shaft] = []
        self._words: list[Words] = []

    def add(self, row: Row) -> None:
        match row:
            case Arrow():
                self._clock(row.at)
                self._arrow(row)
            case Remark():
                self._clock(row.at)
                left, right = _LANES[:2] if row.party is Party.CLIENT else _LANES[1:]
                self._say(left + 8, row.label, "label", room=right - left - 16)
            case Silence():
                self._say(_LANES[0] + 8, f"{row.seconds:.1f} s of silence", "faint")
            case Fold():
                self._say(_LANES[0] + 8, f"… {row.label}", "faint")
            case Parting():
                self._part(row)

    def drawing(self) -> Drawing:
        anchors = ("start", "middle", "end")
        lifelines = tuple(
            Lifeline(x, party.name.lower(), anchor) for x, party, anchor in zip(_LANES, Party, anchors, strict=True)
        )
        return Drawing(self._y + _FOOT, lifelines, tuple(self._boxes), tuple(self._shafts), tuple(self._words))

    def _arrow(self, row: Arrow) -> None:
        x1, x2 = _LANES[row.tail], _LANES[row.head]
        left, right = min(x1, x2), max(x1, x2)
        text = _cut(row.label, right - left - 28)
        kind = "wrong" if row.wrong else "label"
        if row.tail < row.head:
            self._words.append(Words(left + 8, self._y - 4, text, kind))
        else:
            self._words.append(Words(right - 8, self._y - 4, text, kind, "end"))
        self._shafts.append(Shaft(x1, x2, self._y, row.wrong))
        self._y += _ROW

    def _part(self, row: Parting) -> None:
        top, room = self._y - _ROW + 12, WIDTH - _LANES[0] - 24
        self._boxes.append(Box(top, _PARTING))
        self._words.append(Words(_LANES[0] - 12, top + 19, f"{row.at * 1000:.1f}", "clock", "end"))
        self._words.append(Words(_LANES[0] + 8, top + 19, _cut(f"expected  {row.expected}", room), "label"))
        self._words.append(Words(_LANES[0] + 8, top + 37, _cut(f"seen      {row.seen}", room), "wrong"))
        self._y += _PARTING + 10

    def _say(self, x: int, text: str, kind: str, room: int = WIDTH) -> None:
        self._words.append(Words(x, self._y - 4, _cut(text, min(room, WIDTH - x)), kind))
        self._y += _ROW

    def _clock(self, at: float) -> None:
        self._words.append(Words(_LANES[0] - 12, self._y - 4, f"{at * 1000:.1f}", "clock", "end"))


def _cut(text: str, room: int) -> str:
    """``text`` in at most ``room`` pixels."""
    columns = int(room / _CHARACTER)
    return text if cell_len(text) <= columns else set_cell_size(text, columns - 1).rstrip() + "…"
