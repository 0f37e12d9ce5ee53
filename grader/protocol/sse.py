"""Reads an event stream exactly as a browser would, and finds what is wrong with it (WHATWG HTML 9.2.5, 9.2.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grader.protocol.json_text import Wrong, remark
from grader.protocol.lines import SEEN, Fault, FaultLog, LineEndings, RawLine, Splitter, TooLarge, decode
from grader.protocol.sse_faults import SseFaultKind
from grader.text import plural, visible_bytes

__all__ = ["Comment", "Event", "EventStreamReader", "Fault", "SseFaultKind"]

_BOM = "\ufeff".encode()
_KNOWN = frozenset({"event", "data", "id", "retry"})
_PLAIN_NAME = re.compile(r"[^\s\x00-\x1f\x7f{}\[\]\"'<>(),;]+")
#: Milliseconds; larger numbers are cut to this, as a browser's own type would.
_LONGEST_RETRY = 10**18 - 1

_REMARKS = {
    Wrong.NOT_A_NUMBER: SseFaultKind.NOT_A_NUMBER,
    Wrong.PYTHON_REPR: SseFaultKind.PYTHON_REPR,
    Wrong.JSON_IN_JSON: SseFaultKind.JSON_IN_JSON,
    Wrong.SEVERAL_LINES: SseFaultKind.JOINED_EVENTS,
}


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a browser dispatches it.

    ``type`` is "message" by default; ``id`` the last event ID at dispatch, "" when there is none; ``retry`` the
    milliseconds of a valid retry field in this block, and ``reconnection`` those that the stream has set by the end
    of the block. ``[start, end)`` are bytes of the body, from the block's first line that is not a comment to after
    the first byte of the line ending that dispatched it: where that is a CRLF, its LF belongs to no event, because the
    browser does not wait for it either. ``fields`` are the names of the known fields in the order sent.
    """

    type: str
    data: str
    id: str
    retry: int | None
    start: int
    end: int
    fields: tuple[str, ...]
    reconnection: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Comment:
    """A line that begins with a colon; ``text`` is all that follows the colon. Offsets as for :class:`Event`."""

    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Block:
    """The lines since the last blank line, comments left out."""

    start: int
    seen: bytes
    size: int = 0
    type: str = ""
    data: list[str] = field(default_factory=list)
    data_start: int = 0
    data_stop: int = 0
    retry: int | None = None
    fields: list[str] = field(default_factory=list)
    in_data: bool = False  # the line before this one was data, or the unsplit rest of it

    def add_data(self, line: RawLine, start: int, value: str, log: FaultLog) -> None:
        """Add the value of a data line, which begins at byte ``start``."""
        if not self.data:
            self.data_start = start
        self.data_stop = line.stop
        self.data.append(value)
        if value.startswith("data:"):
            log.add(SseFaultKind.DOUBLED_DATA_PREFIX, start, start + len("data:"), value)


class EventStreamReader:
    """Reads one stream, fed in pieces of any size; a new connection needs a new reader.

    ``max_event_bytes`` bounds what is kept of an unfinished event. ``last_event_id`` is what a browser would
    send as Last-Event-ID, ``retry`` the reconnection time in ms that the stream has set, if any.
    """

    def __init__(self, *, max_event_bytes: int = 1 << 20) -> None:
        self.last_event_id = ""
        self.retry: int | None = None
        self._limit = max_event_bytes
        self._lines = Splitter(LineEndings.ANY)
        self._log = FaultLog()
        self._id_buffer = ""
        self._block: _Block | None = None
        self._too_large: TooLarge | None = None
        self._mixed = False
        self._closed = False

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that was found so far, in order of offset; at most FaultLog.KEEP of each kind."""
        return self._log.sorted()

    @property
    def pending(self) -> str | None:
        """A phrase about the event or line that has begun and not ended, for a diagnosis; None if there is none."""
        return _pending(self._lines, self._block)

    def feed(self, data: bytes) -> list[Event | Comment]:
        """Read ``data``; return what it has completed. Raises :class:`TooLarge`, from then on at every call."""
        if self._closed:
            raise ValueError("the stream has been closed")
        if self._too_large is not None:
            raise TooLarge("event", self._too_large.start, self._limit)
        found: list[Event | Comment] = []
        for line in self._lines.feed(data):
            if len(line.raw) > self._limit:
                self._give_up(line.start)
            self._take(line, found)
        if len(self._lines.begun) > self._limit:
            self._give_up(self._lines.begun_at)
        self._note_mixed_ends()
        return found

    def close(self) -> list[Event | Comment]:
        """The stream has ended: an event or line that is cut off is a fault, and never an event.

        A comment that is cut off is not a fault: nothing is lost. Returns an empty list; a second call does nothing.
        """
        if self._closed or self._too_large is not None:
            return []
        self._closed = True
        self._lines.close()
        self._note_mixed_ends()
        self._note_cut_off()
        return []

    def _note_mixed_ends(self) -> None:
        mixed_at = self._lines.mixed_at
        if mixed_at is not None and not self._mixed:
            self._mixed = True
            self._log.add(SseFaultKind.MIXED_LINE_ENDINGS, mixed_at, mixed_at + 1, "")

    def _note_cut_off(self) -> None:
        line = _without_leading_bom(RawLine(bytes(self._lines.begun), self._lines.begun_at, self._lines.offset))
        block = self._block
        if block is None and line.raw.lstrip(b" \t").startswith((b"{", b"[", b'"')):
            self._log.add(SseFaultKind.BARE_JSON, line.start, line.stop, line.raw)
        elif line.raw and not line.raw.startswith(b":"):
            self._log.add(SseFaultKind.CUT_OFF_LINE, line.start, line.stop, line.raw)
        elif block is not None and block.fields:
            self._log.add(SseFaultKind.MISSING_BLANK_LINE, block.start, self._lines.offset, block.seen)

    def _give_up(self, start: int) -> None:
        start = start if self._block is None else self._block.start
        self._too_large = TooLarge("event", start, self._limit)
        raise self._too_large

    def _take(self, line: RawLine, found: list[Event | Comment]) -> None:
        """One finished line, as WHATWG HTML 9.2.6 goes through them."""
        line = _without_leading_bom(line)
        if not line.raw:
            self._blank(line, found)
        elif line.raw.startswith(b":"):
            text = decode(line, self._log, SseFaultKind.INVALID_UTF8)
            found.append(Comment(text[1:], line.start, line.end))
        else:
            self._field(line)

    def _blank(self, line: RawLine, found: list[Event | Comment]) -> None:
        block, self._block = self._block, None
        self.last_event_id = self._id_buffer
        if block is None or not block.data:
            _note_no_data(block, line, self._log)
            return
        data = "\n".join(block.data)
        if wrong := remark(data):
            self._log.add(_REMARKS[wrong], block.data_start, block.data_stop, data)
        found.append(
            Event(
                type=block.type or "message",
                data=data,
                id=self.last_event_id,
                retry=block.retry,
                start=block.start,
                end=line.end,
                fields=tuple(block.fields),
                reconnection=self.retry,
            )
        )

    def _field(self, line: RawLine) -> None:
        if self._block is None:
            self._block = _Block(line.start, line.raw[: 4 * SEEN])
        block = self._block
        text = decode(line, self._log, SseFaultKind.INVALID_UTF8)
        name, _, value = text.partition(":")
        if name not in _KNOWN:
            kind = _why_unknown(text, name, block.in_data)
            block.in_data = kind is SseFaultKind.UNSPLIT_NEWLINE
            seen = text[1:] if kind is SseFaultKind.BOM_IN_STREAM else text
            self._log.add(kind, line.start, line.stop, seen)
            return
        block.size += len(line.raw)
        if block.size > self._limit:
            self._give_up(block.start)
        block.fields.append(name)
        block.in_data = name == "data"
        value = value.removeprefix(" ")
        self._set(block, line, name, value)

    def _set(self, block: _Block, line: RawLine, name: str, value: str) -> None:
        start = _value_start(line)
        match name:
            case "data":
                block.add_data(line, start, value, self._log)
            case "event":
                block.type = value
            case "id" if "\0" in value:
                self._log.add(SseFaultKind.NULL_IN_ID, start, line.stop, value)
            case "id":
                self._id_buffer = value
            case "retry" if value.isascii() and value.isdigit():
                digits = value.lstrip("0")
                self.retry = block.retry = int(digits or "0") if len(digits) <= 18 else _LONGEST_RETRY
            case _:
                self._log.add(SseFaultKind.RETRY_NOT_DIGITS, start, line.stop, value)


def _note_no_data(block: _Block | None, line: RawLine, log: FaultLog) -> None:
    """A blank line has ended ``block``, which has no data: where it names a type, its data is probably cut off."""
    if block is not None and block.type:
        log.add(SseFaultKind.TYPE_WITHOUT_DATA, block.start, line.start, block.seen)


def _pending(lines: Splitter, block: _Block | None) -> str | None:
    begun = bytes(lines.begun[: 4 * SEEN])
    if lines.begun_at == 0:
        begun = begun.removeprefix(_BOM)
    if block is not None and block.fields:
        size = plural(lines.offset - block.start, "byte")
        seen = visible_bytes(block.seen, SEEN)
        return f'an event has begun ({size}: "{seen}"), but no blank line ends it'
    if begun:
        size = plural(len(lines.begun), "byte")
        return f'a line has begun ({size}: "{visible_bytes(begun, SEEN)}"), but no line ending follows'
    return None


def _without_leading_bom(line: RawLine) -> RawLine:
    """One byte order mark may begin the stream, and is not part of its first line."""
    if line.start == 0 and line.raw.startswith(_BOM):
        return RawLine(line.raw[len(_BOM) :], len(_BOM), line.stop)
    return line


def _value_start(line: RawLine) -> int:
    colon = line.raw.find(b":")
    if colon < 0:
        return line.stop
    return line.start + colon + (2 if line.raw[colon + 1 : colon + 2] == b" " else 1)


def _why_unknown(text: str, name: str, in_data: bool) -> SseFaultKind:
    """The likeliest mistake in a line whose name is not one of the four, and which a browser ignores."""
    if text.startswith("\ufeff"):
        return SseFaultKind.BOM_IN_STREAM
    if name.strip().lower() in _KNOWN:
        return SseFaultKind.MISSPELT_FIELD
    # After a data line, only what starts a new value counts: the rest may as well be more of the last one.
    if text.startswith(("{", "[")) or (not in_data and text.lstrip().startswith(("{", "[", '"'))):
        return SseFaultKind.BARE_JSON
    if len(name) < len(text) and _PLAIN_NAME.fullmatch(name):
        return SseFaultKind.UNKNOWN_FIELD
    return SseFaultKind.UNSPLIT_NEWLINE if in_data else SseFaultKind.NOT_A_FIELD
