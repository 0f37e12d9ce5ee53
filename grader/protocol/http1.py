"""Reads one HTTP/1.1 response from raw bytes (RFC 9112): h11 reads the head, and this module all that frames it.

Line by line, because a diagnosis needs more than h11 says: the byte at which a fault is, the border of each chunk, and
a verdict on a broken line before its end or the end of the head has come, for a server that sends nothing after it.
What has come whole and good, as nearly all does, is taken at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from grader.protocol.http1_faults import HttpFault, HttpFaultKind
from grader.protocol.http1_head import Framing, Head, HeadReader, fault_in_fields, framing
from grader.protocol.http1_lines import (
    ENOUGH,
    FramingLine,
    Section,
    chunk_size,
)
from grader.protocol.lines import SEEN
from grader.text import plural, visible_bytes

__all__ = ["Chunk", "End", "Framing", "Head", "HttpEvent", "HttpFault", "HttpFaultKind", "ResponseReader"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Body bytes that arrived together, and never from two HTTP chunks; ``start`` is their offset in the body.

    ``first`` and ``last`` tell that they begin and end an HTTP chunk; both are False in other framings.
    """

    # The probes read the data only. By the rest the tests prove that a response cut anywhere is read byte for byte.
    data: bytes
    start: int
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class End:
    """The response is complete."""


HttpEvent: TypeAlias = Head | Chunk | End


class _Next(Enum):
    """The part of the message that the next byte belongs to."""

    LINE = auto()
    CONTENT = auto()
    NOTHING = auto()  # the response has ended, or has failed


class ResponseReader:
    """Reads the response to one request of ``method``, fed in pieces of any size; 1xx responses are skipped.

    Nothing that a server sends makes it raise: ``feed`` and ``close`` return what was good, and ``fault`` is set once
    something was not. Bytes after a fault or after the end are dropped and counted in ``surplus``; after the end they
    are a fault. ``max_head_bytes`` bounds the head (skipped 1xx responses included), and likewise the trailer fields.
    """

    def __init__(self, method: str, *, max_head_bytes: int = 65536) -> None:
        self._method = "HEAD" if method.upper() == "HEAD" else "GET"
        self._heads = HeadReader(self._method, max_head_bytes)
        self._line = FramingLine(max_head_bytes)
        self._next = _Next.LINE
        self._raw = 0  # bytes of the response so far
        self._left = 0  # bytes of the body or chunk still to come
        self._is_begun = False  # part of the chunk has come
        self._head_lines = b""  # of the head so far: h11 reads no part of one
        self._after_end = b""  # the first bytes after the end
        self.complete = False  # the end of the response was seen
        self.fault: HttpFault | None = None
        self.head: Head | None = None
        self.framing: Framing | None = None  # None before the head
        self.body_bytes = 0
        self.surplus = 0  # with it the tests prove that no byte is lost or counted twice, however they were cut

    def feed(self, data: bytes) -> list[HttpEvent]:
        """Read ``data``. Empty ``data`` does not mean the end."""
        events: list[HttpEvent] = []
        position = 0
        while position < len(data) and self._next is not _Next.NOTHING:
            end = self._take(data, position, events)
            position, self._raw = end, self._raw + end - position
        self._drop(data[position:])
        return events

    def close(self) -> list[HttpEvent]:
        """The server has closed its side: this ends a body without a length, and is a fault for any other."""
        events: list[HttpEvent] = []
        if self.framing == "close" and self._next is not _Next.NOTHING:
            self._end(events)
        elif self._next is not _Next.NOTHING:
            self.fault, self._next = _fault_of_close(self), _Next.NOTHING
        return events

    def reset(self) -> HttpFault:
        """The connection was reset, which is a fault unless the response was complete or had failed already."""
        fault = HttpFault(HttpFaultKind.RESET, at_byte=self._raw, seen=_progress_of(self))
        if self._next is not _Next.NOTHING:
            self.fault, self._next = fault, _Next.NOTHING
        return fault

    def _take(self, data: bytes, position: int, events: list[HttpEvent]) -> int:
        """Take the next part of the response from ``position`` on, as far as it has come; return where it ends."""
        if self._next is _Next.CONTENT:
            return self._take_content(data, position, events)
        if whole := self._line.whole_head(data, position, offset=self._raw):
            self._read_head(whole, events)
            return position + len(whole)
        if size := self._line.whole_chunk(data, position):
            content = data.index(b"\n", position) + 1
            self._add(data[content : content + size], events, first=True, last=True)
            return content + size + len(b"\r\n")
        return self._take_line(data, position, events)

    def _take_line(self, data: bytes, position: int, events: list[HttpEvent]) -> int:
        """Take the rest of a line from ``position`` on, and read the line if that ends it; return where it ends."""
        end = self._line.take(data, position, offset=self._raw)
        if kind := self._line.fault():
            self._fail(kind, self._line.start, self._line.excerpt)
        elif self._line.is_whole:
            self._read_line(self._line.finish(), events)
        return end

    def _read_line(self, line: bytes, events: list[HttpEvent]) -> None:
        """Read a whole line that is good as far as a line alone can tell."""
        match self._line.section:
            case Section.STATUS | Section.FIELDS:
                self._head_lines += line
                self._line.section = Section.FIELDS
                if line == b"\r\n":
                    self._read_head(self._head_lines, events)
            case Section.CHUNK_HEADER:
                self._left, self._is_begun = chunk_size(line), False
                self._next = _Next.CONTENT if self._left else _Next.LINE
                self._line.begin(Section.CHUNK_END if self._left else Section.TRAILER)
            case Section.CHUNK_END:
                self._line.begin(Section.CHUNK_HEADER)
            case Section.TRAILER if line == b"\r\n":
                self._end(events)  # its fields mean nothing to the framing (RFC 9110 6.5.1)

    def _read_head(self, lines: bytes, events: list[HttpEvent]) -> None:
        """Read the whole head; after a 1xx head follows another."""
        self._head_lines = b""
        self._line.section = Section.STATUS
        match self._heads.read(lines):
            case Head() as head:
                self._begin(head, events)
            case str(complaint):
                self._fail(HttpFaultKind.BAD_HEAD, self._line.start, complaint)

    def _take_content(self, data: bytes, position: int, events: list[HttpEvent]) -> int:
        """Take the bytes of this chunk or body from ``position`` on; return where they end."""
        end = min(len(data), position + self._left)
        self._left -= end - position
        in_chunk = self.framing == "chunked"
        self._add(data[position:end], events, first=in_chunk and not self._is_begun, last=in_chunk and not self._left)
        self._is_begun = True
        if in_chunk and not self._left:
            self._next = _Next.LINE
        elif not self._left:
            self._end(events)
        return end

    def _add(self, content: bytes, events: list[HttpEvent], *, first: bool, last: bool) -> None:
        events.append(Chunk(content, self.body_bytes, first, last))
        self.body_bytes += len(content)

    def _end(self, events: list[HttpEvent]) -> None:
        self._next, self.complete = _Next.NOTHING, True
        events.append(End())

    def _drop(self, data: bytes) -> None:
        """Count bytes after the end or after a fault."""
        self.surplus += len(data)
        if self.complete and data:
            self._after_end = (self._after_end + data)[:ENOUGH]  # however the bytes were cut
            self._fail(HttpFaultKind.SURPLUS, self._raw, visible_bytes(self._after_end, SEEN))

    def _begin(self, head: Head, events: list[HttpEvent]) -> None:
        if found := fault_in_fields(head.headers):
            self._fail(found[0], self._line.start, found[1])
            return
        self.head = head
        events.append(head)
        self.framing, self._left = framing(self._method, head)
        self._line.begin(Section.CHUNK_HEADER)
        if self.framing == "chunked":
            return
        if self._left:
            self._next = _Next.CONTENT
        else:
            self._end(events)

    def _fail(self, kind: HttpFaultKind, at_byte: int, seen: str) -> None:
        self.fault = HttpFault(kind, at_byte=at_byte, seen=seen)
        self._next = _Next.NOTHING


def _fault_of_close(reader: ResponseReader) -> HttpFault:
    """The fault of a server that has closed the connection before the end of the response."""
    line, raw, head = reader._line, reader._raw, reader.head
    if line.is_hopeless:
        kind = HttpFaultKind.NOT_HTTP if head is None else HttpFaultKind.BROKEN_CHUNKING
        return HttpFault(kind, at_byte=line.start, seen=line.excerpt)
    if head is None:
        return HttpFault(HttpFaultKind.CLOSED_BEFORE_HEAD, at_byte=raw, seen=_progress_of(reader))
    if reader.framing == "content-length":
        came = plural(reader.body_bytes, "byte")
        seen = f"Content-Length is {reader.body_bytes + reader._left}, but {came} came"
        return HttpFault(HttpFaultKind.SHORT_BODY, at_byte=raw, seen=seen)
    return HttpFault(HttpFaultKind.CUT_OFF_CHUNKS, at_byte=raw, seen=_progress_of(reader))


def _progress_of(reader: ResponseReader) -> str:
    """How far the response has come, in words."""
    if reader.complete:
        return "after the complete response"
    raw, in_head = reader._raw, reader.head is None
    part, count = ("header section", raw) if in_head else ("body", reader.body_bytes)
    return f"after {plural(count, 'byte')} of the {part}" if raw else "before the first byte of a response"
