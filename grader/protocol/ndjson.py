"""Reads newline-delimited JSON line by line, strictly, and finds what is wrong with it (ndjson.org, RFC 8259)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.protocol.json_text import JSON, WHITESPACE, NotJson, Wrong, holds_json, parse
from grader.protocol.lines import SEEN, Fault, FaultLog, Kind, LineEndings, RawLine, Splitter, TooLarge, decode
from grader.text import plural, visible_bytes

__all__ = ["JSON", "Fault", "NdjsonFaultKind", "NdjsonReader", "Record"]

_BOM = "\ufeff"
#: A line of an event stream; never the start of a JSON value.
_SSE_LINE = re.compile(r"(?:data|event|id|retry)? ?:")

_SPEC = "NDJSON 3.1"
_LINES = "NDJSON 3.2"
_GRAMMAR = "RFC 8259 2"


class NdjsonFaultKind(Kind):
    """The kinds of faults in newline-delimited JSON."""

    NOT_JSON = ('the line "{seen}" is not JSON: write json.dumps(value) and "\\n" for every item', _GRAMMAR)
    UNFINISHED_VALUE = (
        'the JSON in the line "{seen}" does not end where the line ends: '
        "a value is exactly one line, so encode it without indent and with escaped newlines",
        _SPEC,
    )
    SEVERAL_VALUES = ('the line "{seen}" contains more than one JSON value: write "\\n" after each value', _SPEC)
    BARE_CR = ('the values in "{seen}" are separated by CR alone, which does not end a line here: use "\\n"', _SPEC)
    NOT_A_NUMBER = (
        'the line "{seen}" contains NaN or Infinity, which are not valid JSON, so most clients fail: '
        "send null or a string instead",
        "RFC 8259 6",
    )
    TOO_DEEP = (
        'the JSON in the line "{seen}" is nested too deeply to be read: use fewer levels',
        "RFC 8259 9",
    )
    TOO_LARGE = (
        'the line "{seen}" has a number that is too large: clients read it as infinite; send a smaller one or a string',
        "RFC 8259 6",
    )
    PYTHON_REPR = (
        'the line "{seen}" is Python notation, not JSON: encode the value with json.dumps',
        _GRAMMAR,
    )
    SSE_FRAMING = (
        'the line "{seen}" belongs to an event stream (SSE), not to newline-delimited JSON: '
        'send the JSON alone, without "data: " before it',
        _SPEC,
    )
    BOM = (
        'a byte order mark (U+FEFF) comes before "{seen}": JSON must not begin with one; '
        "encode with utf-8, not utf-8-sig",
        "RFC 8259 8.1",
    )
    INVALID_UTF8 = (
        'the bytes "{seen}" are not UTF-8: encode text as UTF-8, and split it between characters, not between bytes',
        "RFC 8259 8.1",
    )
    CUT_OFF = (
        'the stream ended in the middle of the line "{seen}": send every item completely, and "\\n" after it',
        _SPEC,
    )
    NO_LAST_NEWLINE = (
        'the last line "{seen}" has no newline at its end: clients that wait for one never see the item; '
        'write "\\n" after every line',
        _SPEC,
        True,
    )
    BLANK_LINE = ("a line is blank: some clients skip it, others fail; send items only", _LINES, True)
    JSON_IN_JSON = (
        'the line "{seen}" is a JSON string that contains JSON: the value was encoded twice; encode it once',
        "RFC 8259 7",
        True,
    )


_KINDS = {
    Wrong.NOT_JSON: NdjsonFaultKind.NOT_JSON,
    Wrong.UNFINISHED: NdjsonFaultKind.UNFINISHED_VALUE,
    Wrong.PADDED_MARK: NdjsonFaultKind.NOT_JSON,
    Wrong.SEVERAL_VALUES: NdjsonFaultKind.SEVERAL_VALUES,
    Wrong.SEVERAL_LINES: NdjsonFaultKind.SEVERAL_VALUES,
    Wrong.NOT_A_NUMBER: NdjsonFaultKind.NOT_A_NUMBER,
    Wrong.TOO_DEEP: NdjsonFaultKind.TOO_DEEP,
    Wrong.TOO_LARGE: NdjsonFaultKind.TOO_LARGE,
    Wrong.PYTHON_REPR: NdjsonFaultKind.PYTHON_REPR,
    Wrong.DATA_PREFIX: NdjsonFaultKind.SSE_FRAMING,
}


@dataclass(frozen=True, slots=True)
class Record:
    """One line that is one JSON value.

    ``raw`` is its text as sent, without the line ending. ``[start, end)`` are bytes of the body, the newline
    included.
    """

    value: JSON
    raw: str
    start: int
    end: int


class NdjsonReader:
    """Reads one body, fed in pieces of any size. ``max_line_bytes`` bounds what is kept of an unfinished line."""

    def __init__(self, *, max_line_bytes: int = 1 << 20) -> None:
        self._limit = max_line_bytes
        self._lines = Splitter(LineEndings.LF)
        self._log = FaultLog()
        self._too_large: TooLarge | None = None
        self._closed = False

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that was found so far, in order of offset; at most FaultLog.KEEP of each kind."""
        return self._log.sorted()

    @property
    def pending(self) -> str | None:
        """A phrase about the line that has begun and not ended, for a diagnosis; None if there is none."""
        begun = self._lines.begun
        if not begun:
            return None
        seen = visible_bytes(bytes(begun[: 4 * SEEN]), SEEN)
        return f'a line has begun ({plural(len(begun), "byte")}: "{seen}"), but no newline ends it'

    def feed(self, data: bytes) -> list[Record]:
        """Read ``data``; return what it has completed.

        A line that is not one JSON value is a fault and no record. Raises :class:`TooLarge`, from then on
        at every call.
        """
        if self._closed:
            raise ValueError("the stream has been closed")
        if self._too_large is not None:
            raise TooLarge("line", self._too_large.start, self._limit)
        found: list[Record] = []
        for line in self._lines.feed(data):
            if len(line.raw) > self._limit:
                self._give_up(line.start)
            found += self._read(line, line.end)
        if len(self._lines.begun) > self._limit:
            self._give_up(self._lines.begun_at)
        return found

    def close(self) -> list[Record]:
        """The stream has ended: a last line without newline is a record if it is whole. A second call does nothing."""
        if self._closed or self._too_large is not None:
            return []
        self._closed = True
        line = RawLine(bytes(self._lines.begun), self._lines.begun_at, self._lines.offset)
        return self._read(line, line.stop) if line.raw else []

    def _give_up(self, start: int) -> None:
        self._too_large = TooLarge("line", start, self._limit)
        raise self._too_large

    def _read(self, line: RawLine, end: int) -> list[Record]:
        raw = decode(line, self._log, NdjsonFaultKind.INVALID_UTF8).removesuffix("\r")
        text = raw
        if text.startswith(_BOM):
            text = text.removeprefix(_BOM)
            self._log.add(NdjsonFaultKind.BOM, line.start, line.start + len(_BOM.encode()), text)
        if not text.strip(WHITESPACE):
            self._log.add(NdjsonFaultKind.BLANK_LINE, line.start, line.stop, text)
            return []
        try:
            value = parse(text)
        except NotJson as error:
            self._log.add(_kind(error.wrong, text, self._closed), line.start, line.stop, text)
            return []
        self._remark(value, text, line)
        return [Record(value, raw, line.start, end)]

    def _remark(self, value: JSON, text: str, line: RawLine) -> None:
        if holds_json(value):
            self._log.add(NdjsonFaultKind.JSON_IN_JSON, line.start, line.stop, text)
        if self._closed:
            self._log.add(NdjsonFaultKind.NO_LAST_NEWLINE, line.start, line.stop, text)


def _kind(wrong: Wrong, text: str, cut_off: bool) -> NdjsonFaultKind:
    """The likeliest mistake behind a line that is not one JSON value; ``cut_off`` when no newline ends it."""
    if _SSE_LINE.match(text):
        return NdjsonFaultKind.SSE_FRAMING
    if wrong is Wrong.SEVERAL_VALUES and "\r" in text.strip(WHITESPACE):
        return NdjsonFaultKind.BARE_CR
    if cut_off and wrong in (Wrong.NOT_JSON, Wrong.UNFINISHED):
        return NdjsonFaultKind.CUT_OFF
    return _KINDS[wrong]
