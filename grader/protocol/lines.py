"""Makes lines of bytes that are cut anywhere, and keeps faults with their byte offsets: for both line formats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from grader.text import visible, visible_bytes

#: Characters of the app's bytes that a fault shows: enough to recognise a line, and short enough for one sentence.
SEEN = 60


class Kind(Enum):
    """The kinds of faults: a member's value is (sentence, section[, harmless]); ``{seen}`` is an excerpt."""

    def __init__(self, says: str, rule: str, harmless: bool = False) -> None:
        self.says = says
        self.rule = rule
        self.harmless = harmless


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the bytes ``[start, end)`` of a body; ``seen`` is a short excerpt, safe to print."""

    kind: Kind
    start: int
    end: int
    seen: str

    @property
    def message(self) -> str:
        """One sentence for the learner: what was seen, and what to change."""
        return self.kind.says.format(seen=self.seen)

    @property
    def harmless(self) -> bool:
        """True for what the standard allows: a reason for a remark, never for a failure."""
        return self.kind.harmless

    @property
    def rule(self) -> str:
        """The standard and section that forbids it, such as "WHATWG HTML 9.2.6"."""
        return self.kind.rule


class TooLarge(ValueError):
    """An item of a body went beyond ``limit`` bytes; it began at byte ``start`` of the body."""

    def __init__(self, what: str, start: int, limit: int) -> None:
        super().__init__(f"the {what} that begins at byte {start} is larger than {limit} bytes")
        self.start = start
        self.limit = limit


class FaultLog:
    """Keeps the first ``KEEP`` faults of each kind: a body full of one fault takes little memory and hides no other."""

    KEEP = 50  # a report shows the first, and how many more there are

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._counts: Counter[Kind] = Counter()

    def add(self, kind: Kind, start: int, end: int, seen: bytes | str) -> None:
        self._counts[kind] += 1
        if self._counts[kind] <= self.KEEP:
            shown = visible(seen, SEEN) if isinstance(seen, str) else visible_bytes(seen, SEEN)
            self._faults.append(Fault(kind, start, end, shown))

    def sorted(self) -> tuple[Fault, ...]:
        """In order of offset; a fault of a whole event is found late but begins early."""
        return tuple(sorted(self._faults, key=lambda fault: (fault.start, fault.end)))


class RawLine(NamedTuple):
    """A finished line: ``raw`` is ``[start, stop)`` of the body, and its line ending begins at ``stop``.

    ``end`` is the offset after the first byte of the line ending. A CR finishes its line at once, when it is not yet
    known whether an LF follows. Without that LF, offsets are the same wherever the bytes were cut.
    """

    raw: bytes
    start: int
    stop: int

    @property
    def end(self) -> int:
        return self.stop + 1


class LineEndings(Enum):
    """Which bytes end a line."""

    ANY = re.compile(rb"[\r\n]")  # CR, LF or CRLF: WHATWG HTML 9.2.5
    LF = re.compile(rb"\n")


class Splitter:
    """Finds lines in linear time, wherever the bytes are cut: no byte is searched twice."""

    def __init__(self, ends: LineEndings) -> None:
        self._ends = ends.value
        self._begun = bytearray()
        self._after_cr = False
        self._style: bytes | None = None
        self.offset = 0  # bytes fed so far that belong to finished lines or to the one begun
        self.mixed_at: int | None = None  # where a line first ended in another way than the line before

    @property
    def begun(self) -> bytearray:
        """The line that has no line ending yet. Not to be changed."""
        return self._begun

    @property
    def begun_at(self) -> int:
        return self.offset - len(self._begun)

    def feed(self, data: bytes) -> Iterator[RawLine]:
        """Yield each line as ``data`` finishes it; to be exhausted before the next feed."""
        at = self._swallow(data, 0)
        while found := self._ends.search(data, at):
            line = self._finish(data[at : found.start()])
            yield line
            if data[found.start()] == 0x0D:
                self._after_cr = True
            else:
                self._ended(b"\n", line.stop)
            at = self._swallow(data, found.end())
        self._begun += data[at:]
        self.offset += len(data) - at

    def close(self) -> None:
        """No more bytes: a CR at the very end was a line ending by itself."""
        if self._after_cr:
            self._after_cr = False
            self._ended(b"\r", self.offset - 1)

    def _finish(self, rest: bytes) -> RawLine:
        raw = bytes(self._begun) + rest if self._begun else rest
        start = self.begun_at
        self._begun.clear()
        self.offset = start + len(raw) + 1
        return RawLine(raw, start, start + len(raw))

    def _swallow(self, data: bytes, at: int) -> int:
        """Skip the LF of a CRLF pair whose CR has already ended a line."""
        if not self._after_cr or at >= len(data):
            return at
        self._after_cr = False
        if data[at] != 0x0A:
            self._ended(b"\r", self.offset - 1)
            return at
        self._ended(b"\r\n", self.offset - 1)
        self.offset += 1
        return at + 1

    def _ended(self, style: bytes, stop: int) -> None:
        if self._style is None:
            self._style = style
        elif style != self._style and self.mixed_at is None:
            self.mixed_at = stop


def decode(line: RawLine, faults: FaultLog, kind: Kind) -> str:
    """The text of a line. Each run of bytes that is not UTF-8 becomes U+FFFD, and the first is a fault of ``kind``.

    Lines can be decoded one by one: CR and LF are never part of a longer UTF-8 sequence.
    """
    try:
        return line.raw.decode()
    except UnicodeDecodeError as error:
        faults.add(kind, line.start + error.start, line.start + error.end, line.raw[error.start :][:16])
        return line.raw.decode(errors="replace")
