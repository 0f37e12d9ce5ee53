"""The sequence picture as shapes of an SVG: where lines and words go. The page's template writes the markup."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grader.report.picture.cut import cut_to_cells, wrapped
from grader.report.picture.layout import Arrow, Divergence, Fold, Party, Pause, Remark, Row

_TOP, _FOOT = 44, -11
_CHARACTER = 7.0  # width of one in the page's monospaced font of 11.5 pixels, with some to spare
_LINE, _MARGIN, _AFTER = 18, 10, 25  # of a divergence: from one of its lines to the next, around them, and below
_MOST_LINES = 6  # of what was expected, and of what was seen


@dataclass(frozen=True, slots=True)
class Format:
    """The measures of a picture in pixels: its width, the places of its lanes, the height of a row.

    In a narrow one the milliseconds have no column of their own.
    """

    name: str
    width: int
    lanes: tuple[int, int, int]
    row: int
    is_narrow: bool


WIDE = Format("wide", 900, (76, 530, 884), 27, is_narrow=False)
NARROW = Format("narrow", 340, (12, 184, 328), 31, is_narrow=True)


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
    """The strip behind a divergence."""

    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Lifeline:
    """A lane's vertical line, and its name above."""

    x: int
    name: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Step:
    """The shapes of one row, in the order in which they are painted."""

    boxes: tuple[Box, ...]
    shafts: tuple[Shaft, ...]
    words: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything in one picture, from top to bottom."""

    format: Format
    height: int
    lifelines: tuple[Lifeline, ...]
    steps: tuple[Step, ...]

    @property
    def width(self) -> int:
        """In pixels, as ``height``."""
        return self.format.width

    @property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(box for step in self.steps for box in step.boxes)

    @property
    def shafts(self) -> tuple[Shaft, ...]:
        return tuple(shaft for step in self.steps for shaft in step.shafts)

    @property
    def words(self) -> tuple[Words, ...]:
        return tuple(words for step in self.steps for words in step.words)


def draw(rows: Iterable[Row], form: Format = WIDE) -> Drawing:
    """The shapes of ``rows``, from top to bottom."""
    easel = _Easel(form)
    for row in rows:
        easel.add(row)
        easel.end_step()
    return easel.drawing()


class _Easel:
    def __init__(self, form: Format) -> None:
        self._form = form
        self._y = _TOP
        self._steps: list[Step] = []
        self._boxes: list[Box] = []
        self._shafts: list[Shaft] = []
        self._words: list[Words] = []

    def add(self, row: Row) -> None:
        match row:
            case Arrow():
                kind, lanes = "wrong" if row.wrong else "label", self._form.lanes
                self._tell(row.at, row.label, kind, min(row.tail, row.head), is_right=row.tail > row.head)
                self._shafts.append(Shaft(lanes[row.tail], lanes[row.head], self._y, row.wrong))
            case Remark():
                self._tell(row.at, row.label, "label", min(row.party, Party.APP), is_right=False)
            case Pause():
                self._say(f"{row.seconds:.1f} s pause", "faint")
            case Fold():
                self._say(f"… {row.label}", "faint")
            case Divergence():
                self._diverge(row)
                return
        self._y += self._form.row

    def end_step(self) -> None:
        """What was added since the last step is one."""
        self._steps.append(Step(tuple(self._boxes), tuple(self._shafts), tuple(self._words)))
        self._boxes, self._shafts, self._words = [], [], []

    def drawing(self) -> Drawing:
        anchors = ("start", "middle", "end")
        lifelines = tuple(
            Lifeline(x, party.name.lower(), anchor)
            for x, party, anchor in zip(self._form.lanes, Party, anchors, strict=True)
        )
        return Drawing(self._form, self._y + _FOOT, lifelines, tuple(self._steps))

    def _tell(self, at: float, text: str, kind: str, left: Party, *, is_right: bool) -> None:
        """Words between the lane ``left`` and the next, beside one of the two, and the time."""
        lanes = self._form.lanes
        begin, end = lanes[left] + 8, lanes[left + 1] - 8
        if self._form.is_narrow:  # the milliseconds are in the other lane, which is empty in this row
            is_right = left is not Party.CLIENT
            self._clock(at, lanes[0] + 8 if is_right else lanes[2] - 8, "start" if is_right else "end")
        else:
            self._clock(at, lanes[0] - 12, "end")
        text = _cut(text, end - begin - 12)
        self._words.append(Words(end, self._y - 4, text, kind, "end") if is_right else self._at(begin, text, kind))

    def _at(self, x: int, text: str, kind: str) -> Words:
        return Words(x, self._y - 4, text, kind)

    def _say(self, text: str, kind: str) -> None:
        begin = self._form.lanes[0] + 8
        self._words.append(self._at(begin, _cut(text, self._form.width - begin), kind))

    def _diverge(self, row: Divergence) -> None:
        """A strip across the picture: the time, what was expected, and what was seen."""
        top, begin = self._y - self._form.row + 12, self._form.lanes[0] + 8
        self._y = top + _MARGIN + 13
        if self._form.is_narrow:
            self._clock(row.at, begin, "start")
            self._y += _LINE
        else:
            self._clock(row.at, self._form.lanes[0] - 12, "end")
        for kind, text in (("expected", row.expected), ("seen", row.seen)):
            columns = int((self._form.width - begin - 16) / _CHARACTER)
            for line in wrapped(f"{kind:<10}{text}", columns, most=_MOST_LINES):
                self._words.append(self._at(begin, line, kind))
                self._y += _LINE
        height = self._y - _LINE - 4 + _MARGIN - top
        self._boxes.append(Box(top, height))
        self._y = top + height + _AFTER

    def _clock(self, at: float, x: int, anchor: str) -> None:
        self._words.append(Words(x, self._y - 4, f"{at * 1000:.1f}", "clock", anchor))


def _cut(text: str, room: int) -> str:
    """``text`` in at most ``room`` pixels."""
    return cut_to_cells(text, int(room / _CHARACTER))
