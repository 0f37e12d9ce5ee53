"""The sequence picture as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len, set_cell_size

from grader.report.picture.cut import cut_to_cells, wrapped
from grader.report.picture.layout import Arrow, Divergence, Fold, Party, Pause, Remark, Row

_CLOCK = 9  # columns for the milliseconds and a space
_LONG = 999.9  # seconds after which there is no room for tenths of milliseconds
_NARROWEST = 60
_MOST_LINES = 5  # of what was expected, and of what was seen


class Tone(Enum):
    """The colour of a line."""

    PLAIN = "plain"
    FAINT = "faint"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class PictureLine:
    """One line of the picture."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that a picture is drawn with."""

    lane: str
    quiet: str
    line: str
    right: str
    left: str
    cross: str
    more: str
    about: str
    replaced: Mapping[int, str]  # characters of the grader's own words that the terminal may lack


_REPLACED = str.maketrans({"“": '"', "”": '"', "…": "..."})
LINES = Glyphs(lane="│", quiet="┆", line="─", right="►", left="◄", cross="✗", more="…", about="≈", replaced={})
ASCII = Glyphs(lane="|", quiet=":", line="-", right=">", left="<", cross="X", more="...", about="~", replaced=_REPLACED)


class Pen:
    """Draws rows ``width`` columns wide, at least 60: with fewer, no label can be read."""

    def __init__(self, width: int, glyphs: Glyphs = LINES) -> None:
        room = max(width, _NARROWEST) - _CLOCK - 3
        self._spans = (room * 3 // 5, room - room * 3 // 5)
        self._glyphs = glyphs

    def heading(self) -> PictureLine:
        """The names of the lanes."""
        client, upstream = self._spans
        names = f"{'ms':>{_CLOCK - 1}} client{'app':>{client - 3}}{'upstream':>{upstream}}"
        return PictureLine(names, Tone.FAINT)

    def lines(self, rows: Iterable[Row]) -> Iterator[PictureLine]:
        """The lines of ``rows``, in order."""
        for row in rows:
            yield from self.draw(row)

    def draw(self, row: Row) -> Iterator[PictureLine]:
        """One row, as one line or a few."""
        match row:
            case Arrow():
                drawn = self._arrow(row)
                if row.wrong:  # also visible without colours
                    drawn = self._glyphs.cross + drawn.removeprefix(self._glyphs.lane)
                clock = self._clock(row.at)
                clock = clock.removesuffix(" ") + self._glyphs.about if row.unordered else clock
                yield PictureLine(clock + drawn, Tone.WRONG if row.wrong else Tone.PLAIN)
            case Remark():
                spans = [self._blank(span) for span in self._spans]
                side = 0 if row.party is Party.CLIENT else 1
                spans[side] = self._fit(f" {row.label}", self._spans[side])
                yield PictureLine(self._clock(row.at) + self._lanes(*spans))
            case Pause():
                words = self._fit(f" {row.seconds:.1f} s pause", self._spans[0])
                yield PictureLine(
                    " " * _CLOCK + self._lanes(words, self._blank(self._spans[1]), quiet=True), Tone.FAINT
                )
            case Fold():
                words = self._fit(f" {self._glyphs.more} {row.label}", self._spans[0])
                yield PictureLine(
                    " " * _CLOCK + self._lanes(words, self._blank(self._spans[1]), quiet=True), Tone.FAINT
                )
            case Divergence():
                room = sum(self._spans) - 9
                begin = f"{self._clock(row.at)}{self._glyphs.cross} expected "
                for line in self._wrapped(row.expected, room):
                    yield PictureLine(f"{begin}{line}")
                    begin = " " * (_CLOCK + 11)
                begin = f"{' ' * _CLOCK}  seen     "
                for line in self._wrapped(row.seen, room):
                    yield PictureLine(f"{begin}{line}", Tone.WRONG)
                    begin = " " * (_CLOCK + 11)

    def _arrow(self, row: Arrow) -> str:
        side = 0 if Party.CLIENT in (row.tail, row.head) else 1
        span = self._spans[side]
        words = self._cut(row.label, span - 4)
        shaft = self._glyphs.line * (span - cell_len(words) - 3)
        to_the_right = row.tail < row.head
        drawn = f" {words} {shaft}{self._glyphs.right}" if to_the_right else f"{self._glyphs.left}{shaft} {words} "
        spans = [self._blank(one) for one in self._spans]
        spans[side] = drawn
        return self._lanes(*spans)

    def _lanes(self, left: str, right: str, *, quiet: bool = False) -> str:
        bar = self._glyphs.quiet if quiet else self._glyphs.lane
        return f"{bar}{left}{bar}{right}{bar}"

    def _clock(self, at: float) -> str:
        digits = 1 if at < _LONG else 0
        return f"{at * 1000:{_CLOCK - 1}.{digits}f} "

    def _blank(self, span: int) -> str:
        return " " * span

    def _fit(self, words: str, span: int) -> str:
        return set_cell_size(self._cut(words, span), span)

    def _wrapped(self, words: str, room: int) -> list[str]:
        """``words`` in lines of at most ``room`` columns."""
        return wrapped(words.translate(self._glyphs.replaced), room, most=_MOST_LINES, more=self._glyphs.more)

    def _cut(self, words: str, room: int) -> str:
        """``words`` in at most ``room`` columns, without the middle: the end tells as much. Wide ones take two."""
        return cut_to_cells(words.translate(self._glyphs.replaced), room, more=self._glyphs.more)
