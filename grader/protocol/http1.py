"""Reads one HTTP/1.1 response from raw bytes: heads by h11, the borders of the body by hand (RFC 9112)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, TypeAlias

import h11

from grader.protocol.http1_faults import HttpFault, HttpFaultKind
from grader.protocol.lines import SEEN
from grader.text import plural, visible_bytes

__all__ = ["Chunk", "End", "Framing", "Head", "HttpEvent", "HttpFault", "HttpFaultKind", "ResponseReader"]

Framing: TypeAlias = Literal["chunked", "content-length", "close", "none"]

#: A first line or chunk header that is hopeless is called so after this many bytes, without waiting for its end.
_PATIENCE: Final = 64
#: Longest chunk header, extensions included (RFC 9112 7.1.1 asks for a limit).
_MAX_CHUNK_HEADER: Final = 4096

_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] [0-9]{3}(?: [^\r\n]*)?\r?\n")
_FIELD_LINE = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+:[^\x00\r\n\v\f]*\r?\n")
_CHUNK_HEADER = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;[^\n]*)?[ \t]*\r\n")
_CHUNK_HEADER_BEGUN = re.compile(rb"[0-9A-Fa-f]{1,20}(?:;[^\n]*|[ \t]*\r?)\n?|")
_BLANK = (b"\r\n", b"\n")


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and header fields: names in lower case, values decoded as Latin-1, in the order sent."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    http_version: str
    at: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """Body bytes that arrived together, and never from two HTTP chunks; ``start`` is their offset in the body.

    ``first`` and ``last`` tell that they begin and end an HTTP chunk; both are False in other framings.
    """

    data: bytes
    start: int
    at: float
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class End:
    """The response is complete."""

    at: float


HttpEvent: TypeAlias = Head | Chunk | End


class _Part(Enum):
    """What the next byte belongs to."""

    HEAD = auto()
    DATA = auto()
    CHUNK_HEADER = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    NOTHING = auto()


class ResponseReader:
    """Reads the response to one request of ``method``, fed in pieces of any size; 1xx responses are skipped.

    Nothing that a server sends makes it raise: ``feed`` and ``close`` return what was good, and ``fault`` is set
    once something was not. Bytes after the end or after a fault are counted in ``surplus``, and dropped.
    ``max_head_bytes`` bounds the head, skipped 1xx responses included, and the trailer fields likewise.
    """

    def __init__(self, method: str, *, max_head_bytes: int = 65536) -> None:
        self._method = method.upper()
        self._limit = max_head_bytes
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_head_bytes)
        # Only so that h11 expects a response; it never gets to see a body, so that any method will do.
        self._h11.send(h11.Request(method="GET", target="/", headers=[("Host", "app")]))
        self._part = _Part.HEAD
        self._line_at = 0  # raw offset of the line that is being read
        self._line = bytearray()  # of the head, a chunk header or the trailer, as far as it has come
        self._head_bytes = bytearray()  # finished lines of the head that is being read
        self._section = 0  # bytes of the head or the trailer so far, against the limit
        self._raw = 0  # bytes of the response so far
        self._left: int | None = None  # bytes of the body or chunk still to come; None: until the close
        self._at_border = False  # the next data begins a chunk
        self.fault: HttpFault | None = None
        self.head: Head | None = None
        self.framing: Framing | None = None  # None before the head
        self.body_bytes = 0
        self.surplus = 0

    @property
    def complete(self) -> bool:
        """True once the end of the response was seen."""
        return self._part is _Part.NOTHING and self.fault is None

    def feed(self, data: bytes, at: float = 0.0) -> list[HttpEvent]:
        """What ``data``, which arrived at time ``at``, brought. Empty ``data`` means nothing, not the end."""
        events: list[HttpEvent] = []
        pos = 0
        while pos < len(data) and self._part is not _Part.NOTHING:
            take = self._take_data if self._part is _Part.DATA else self._take_line
            end = take(data, pos, at, events)
            self._raw += end - pos
            pos = end
        self.surplus += len(data) - pos
        return events

    def close(self, at: float = 0.0) -> list[HttpEvent]:
        """The server has closed its side: the proper end of a body that nothing else delimits, else a fault."""
        if self._part is _Part.NOTHING:
            return []
        if self.framing == "close":
            self._part = _Part.NOTHING
            return [End(at)]
        self.fault = self._cut_off()
        self._part = _Part.NOTHING
        return []

    def reset(self) -> HttpFault:
        """The connection was reset. The fault says how far the response had come.

        It becomes ``self.fault`` unless the response was complete or had failed already.
        """
        fault = HttpFault(HttpFaultKind.RESET, at_byte=self._raw, seen=self._progress())
        if self._part is not _Part.NOTHING:
            self.fault = fault
            self._part = _Part.NOTHING
        return fault

    def _progress(self) -> str:
        if self.head is None:
            return f"after {plural(self._raw, 'byte')} of the head" if self._raw else "before any byte of a response"
        if self.complete:
            return "after the complete response"
        return f"after {plural(self.body_bytes, 'byte')} of the body"

    def _cut_off(self) -> HttpFault:
        line = bytes(self._line)
        kind, seen = HttpFaultKind.CUT_OFF_CHUNKS, self._progress()
        if self.head is None:
            if not self._head_bytes and not _may_be_http(line):
                return self._fault(HttpFaultKind.NOT_HTTP, line)
            kind = HttpFaultKind.CLOSED_BEFORE_HEAD
        elif self.framing == "content-length":
            promised = self.body_bytes + (self._left or 0)
            kind, seen = (
                HttpFaultKind.SHORT_BODY,
                f"Content-Length promised {promised}, {self.body_bytes} came",
            )
        elif self._part is _Part.CHUNK_HEADER and not _CHUNK_HEADER_BEGUN.fullmatch(line):
            return self._fault(HttpFaultKind.BROKEN_CHUNKING, line)
        return HttpFault(kind, at_byte=self._raw, seen=seen)

    def _fault(self, kind: HttpFaultKind, line: bytes) -> HttpFault:
        """A fault in the line that is being read, which ``line`` is or begins."""
        return HttpFault(kind, at_byte=self._line_at, seen=visible_bytes(line[:_PATIENCE], SEEN))

    def _fail(self, kind: HttpFaultKind, line: bytes) -> None:
        self.fault = self._fault(kind, line)
        self._part = _Part.NOTHING

    def _take_data(self, data: bytes, pos: int, at: float, events: list[HttpEvent]) -> int:
        """Take what belongs to this chunk or body from ``pos`` on; return where that ends."""
        piece = data[pos:] if self._left is None else data[pos : pos + self._left]
        chunked = self.framing == "chunked"
        if self._left is not None:
            self._left -= len(piece)
        last = self._left == 0
        events.append(Chunk(bytes(piece), self.body_bytes, at, self._at_border, chunked and last))
        self._at_border = False
        self.body_bytes += len(piece)
        if last and chunked:
            self._part = _Part.CHUNK_END
        elif last:
            self._finish(at, events)
        return pos + len(piece)

    def _finish(self, at: float, events: list[HttpEvent]) -> None:
        self._part = _Part.NOTHING
        events.append(End(at))

    def _take_line(self, data: bytes, pos: int, at: float, events: list[HttpEvent]) -> int:
        """Take the rest of a line from ``pos`` on, and read the line if that ends it; return where it ends.

        Whatever is decided before the end of a line depends on a fixed number of its bytes: so a fault is the
        same wherever the bytes were cut.
        """
        if not self._line:
            self._line_at = self._raw
        end = data.find(b"\n", pos) + 1 or len(data)
        if self._part is _Part.CHUNK_END:
            end = min(end, pos + 2 - len(self._line))
        self._line += data[pos:end]
        if self._hopeless():
            return end
        if self._line.endswith(b"\n") or (self._part is _Part.CHUNK_END and len(self._line) == 2):
            line = bytes(self._line)
            self._line.clear()
            self._read_line(line, at, events)
        return end

    def _hopeless(self) -> bool:
        """Fail at once on a line that can come to no good."""
        room = self._limit - self._section
        enough = min(_PATIENCE, room) if self._part is _Part.HEAD else _PATIENCE
        line = bytes(self._line[:enough])
        patient = len(self._line) < enough
        match self._part:
            case _Part.HEAD if not (patient or self._head_bytes or _may_be_http(line)):
                self._fail(HttpFaultKind.NOT_HTTP, line)
            case _Part.HEAD if len(self._line) > room:
                self._fail(HttpFaultKind.HEAD_TOO_LARGE, line[:room])
            case _Part.TRAILER if len(self._line) > room:
                self._fail(HttpFaultKind.BROKEN_CHUNKING, line[:room])
            case _Part.CHUNK_HEADER if len(self._line) > _MAX_CHUNK_HEADER:
                self._fail(HttpFaultKind.BROKEN_CHUNKING, line)
            case _Part.CHUNK_HEADER if not (patient or _CHUNK_HEADER_BEGUN.fullmatch(line)):
                self._fail(HttpFaultKind.BROKEN_CHUNKING, line)
            case _:
                pass
        return self.fault is not None

    def _read_line(self, line: bytes, at: float, events: list[HttpEvent]) -> None:
        match self._part:
            case _Part.HEAD:
                self._section += len(line)
                self._read_head_line(line, at, events)
            case _Part.CHUNK_HEADER:
                self._read_chunk_header(line)
            case _Part.CHUNK_END if line == b"\r\n":
                self._part = _Part.CHUNK_HEADER
            case _Part.TRAILER if line in _BLANK:
                self._finish(at, events)
            case _Part.TRAILER if _is_field(line):
                self._section += len(line)
            case _:
                self._fail(HttpFaultKind.BROKEN_CHUNKING, line)

    def _read_head_line(self, line: bytes, at: float, events: list[HttpEvent]) -> None:
        if not self._head_bytes and not _STATUS_LINE.fullmatch(line):
            self._fail(HttpFaultKind.NOT_HTTP, line)
        elif self._head_bytes and line not in _BLANK and not _is_field(line):
            self._fail(HttpFaultKind.BAD_HEAD, line)
        else:
            self._head_bytes += line
            if line in _BLANK:
                self._read_head(at, events)

    def _read_head(self, at: float, events: list[HttpEvent]) -> None:
        """Let h11 read a whole head: it knows what field values, lengths and codings may be."""
        head = bytes(self._head_bytes)
        self._head_bytes.clear()
        self._h11.receive_data(head)
        try:
            found = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            self._fail(HttpFaultKind.BAD_HEAD, str(error).encode())
            return
        if isinstance(found, h11.Response):
            fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in found.headers)
            reason = bytes(found.reason).decode("latin-1")
            self.head = Head(found.status_code, reason, fields, bytes(found.http_version).decode("latin-1"), at)
            events.append(self.head)
            self._begin_body(self.head, at, events)

    def _begin_body(self, head: Head, at: float, events: list[HttpEvent]) -> None:
        """Where does the body end? RFC 9112 6.3; h11 has let through no other coding and no odd length."""
        fields = dict(head.headers)
        self._part = _Part.DATA
        if self._method == "HEAD" or head.status in (204, 304):
            self.framing = "none"
            self._finish(at, events)
        elif "transfer-encoding" in fields:
            self.framing = "chunked"
            self._part = _Part.CHUNK_HEADER
        elif "content-length" in fields:
            self.framing = "content-length"
            self._left = int(fields["content-length"])
            if self._left == 0:
                self._finish(at, events)
        else:
            self.framing = "close"

    def _read_chunk_header(self, line: bytes) -> None:
        found = _CHUNK_HEADER.fullmatch(line)
        if found is None:
            self._fail(HttpFaultKind.BROKEN_CHUNKING, line)
            return
        self._left = int(found[1], 16)
        self._at_border = True
        self._section = 0
        self._part = _Part.DATA if self._left else _Part.TRAILER


def _may_be_http(line: bytes) -> bool:
    """Can ``line`` be the beginning of a status line?"""
    return line.startswith(b"HTTP/1."[: len(line)])


def _is_field(line: bytes) -> bool:
    # A line that begins with white space goes on with the one before: obsolete, yet legal (RFC 9112 5.2).
    return line.startswith((b" ", b"\t")) or _FIELD_LINE.fullmatch(line) is not None
