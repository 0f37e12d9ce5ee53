"""Reads one HTTP/1.1 response from raw bytes (RFC 9112): h11 reads it, and this module gives h11 one line at a time.

Line by line, because a diagnosis needs more than h11 says: the byte at which a fault is, the border of each chunk, and
a verdict on a broken line before its end or the end of the head has come, for a server that sends nothing after it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal, TypeAlias

import h11

from grader.protocol.http1_faults import HttpFault, HttpFaultKind
from grader.protocol.http1_lines import (
    ENOUGH,
    FramingLine,
    Section,
    chunk_size,
)
from grader.protocol.lines import SEEN
from grader.text import plural, visible, visible_bytes

__all__ = ["Chunk", "End", "Framing", "Head", "HttpEvent", "HttpFault", "HttpFaultKind", "ResponseReader"]

Framing: TypeAlias = Literal["chunked", "content-length", "close", "none"]


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and header fields: names in lower case, values decoded as Latin-1, in the order sent."""

    status: int
    headers: tuple[tuple[str, str], ...]


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


class _Parser:
    """h11, reading the response to one request.

    It needs the method to know whether content follows. After CONNECT it would not read HTTP any more.
    """

    def __init__(self, method: str, max_head_bytes: int) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_head_bytes)
        self._h11.send(h11.Request(method=method, target="/", headers=[("Host", "app")]))
        self._h11.send(h11.EndOfMessage())

    def read(self, data: bytes) -> tuple[list[h11.Event], str]:
        """The events in ``data`` (b"": the close), and what h11 complains about, or ""."""
        self._h11.receive_data(data)
        found: list[h11.Event] = []
        try:
            while isinstance(event := self._h11.next_event(), h11.Event):
                found.append(event)
                if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                    break
        except h11.RemoteProtocolError as error:
            return found, str(error)
        return found, ""


class ResponseReader:
    """Reads the response to one request of ``method``, fed in pieces of any size; 1xx responses are skipped.

    Nothing that a server sends makes it raise: ``feed`` and ``close`` return what was good, and ``fault`` is set once
    something was not. Bytes after a fault or after the end are dropped and counted in ``surplus``; after the end they
    are a fault. ``max_head_bytes`` bounds the head (skipped 1xx responses included), and likewise the trailer fields.
    """

    def __init__(self, method: str, *, max_head_bytes: int = 65536) -> None:
        self._method = "HEAD" if method.upper() == "HEAD" else "GET"
        self._parser = _Parser(self._method, max_head_bytes)
        self._line = FramingLine(max_head_bytes)
        self._next = _Next.LINE
        self._raw = 0  # bytes of the response so far
        self._left = 0  # bytes of the body or chunk still to come
        # Lines that h11 gets with what follows them: those of a head all at once, as it reads no part of one, and those
        # of a chunk with its content, or it misses where the chunk begins.
        self._held = b""
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
            take = self._take_content if self._next is _Next.CONTENT else self._take_line
            end = take(data, position, events)
            position, self._raw = end, self._raw + end - position
        self._drop(data[position:])
        return events

    def close(self) -> list[HttpEvent]:
        """The server has closed its side: this ends a body without a length, and is a fault for any other."""
        events: list[HttpEvent] = []
        if self.framing == "close" and self._next is not _Next.NOTHING:
            self._give(b"", events)
        elif self._next is not _Next.NOTHING:
            self._cut_off()
        return events

    def reset(self) -> HttpFault:
        """The connection was reset, which is a fault unless the response was complete or had failed already."""
        fault = HttpFault(HttpFaultKind.RESET, at_byte=self._raw, seen=self._progress())
        if self._next is not _Next.NOTHING:
            self.fault, self._next = fault, _Next.NOTHING
        return fault

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
        is_held = self._line.section is not Section.TRAILER
        match self._line.section:
            case Section.STATUS | Section.FIELDS:  # after a 1xx head, another head
                is_held = line != b"\r\n"
                self._line.section = Section.FIELDS if is_held else Section.STATUS
            case Section.CHUNK_HEADER:
                self._left = chunk_size(line)
                self._next = _Next.CONTENT if self._left else _Next.LINE
                self._line.begin(Section.TRAILER)
            case Section.CHUNK_END:
                self._line.begin(Section.CHUNK_HEADER)
            case Section.TRAILER if line != b"\r\n":
                return  # h11 would look for lengths and codings, which have no meaning there (RFC 9110 6.5.1)
        if is_held:
            self._held += line
        elif complaint := self._give(line, events):
            self._fail(HttpFaultKind.BAD_HEAD, self._line.start, complaint)

    def _take_content(self, data: bytes, position: int, events: list[HttpEvent]) -> int:
        """Take the bytes of this chunk or body from ``position`` on; return where they end."""
        end = min(len(data), position + self._left)
        self._left -= end - position
        if self._left == 0 and self.framing == "chunked":
            self._next = _Next.LINE
            self._line.begin(Section.CHUNK_END)
        self._give(data[position:end], events)
        return end

    def _drop(self, data: bytes) -> None:
        """Count bytes after the end or after a fault."""
        self.surplus += len(data)
        if self.complete and data:
            self._after_end = (self._after_end + data)[:ENOUGH]  # however the bytes were cut
            self._fail(HttpFaultKind.SURPLUS, self._raw, visible_bytes(self._after_end, SEEN))

    def _give(self, data: bytes, events: list[HttpEvent]) -> str:
        """Let h11 read a line or content (b"": the close). Returns what it complains about, or ""."""
        found, complaint = self._parser.read(self._held + data)
        self._held = b""
        for event in found:
            match event:
                case h11.Response():
                    self._begin(_head_of(event), events)
                case h11.Data():
                    data = bytes(event.data)
                    events.append(Chunk(data, self.body_bytes, event.chunk_start, event.chunk_end))
                    self.body_bytes += len(data)
                case h11.EndOfMessage() if self.fault is None:
                    self._next, self.complete = _Next.NOTHING, True
                    events.append(End())
        return complaint

    def _begin(self, head: Head, events: list[HttpEvent]) -> None:
        if found := _fault_in_fields(head.headers):
            self._fail(found[0], self._line.start, found[1])
            return
        self.head = head
        events.append(head)
        self.framing, self._left = _framing(self._method, head)
        self._line.begin(Section.CHUNK_HEADER)
        if self.framing != "chunked":
            self._next = _Next.CONTENT

    def _fail(self, kind: HttpFaultKind, at_byte: int, seen: str) -> None:
        self.fault = HttpFault(kind, at_byte=at_byte, seen=seen)
        self._next = _Next.NOTHING

    def _progress(self) -> str:
        if self.complete:
            return "after the complete response"
        part, count = ("header section", self._raw) if self.head is None else ("body", self.body_bytes)
        return f"after {plural(count, 'byte')} of the {part}" if self._raw else "before the first byte of a response"

    def _cut_off(self) -> None:
        """The server has closed the connection too early."""
        if self._line.is_hopeless:
            kind = HttpFaultKind.NOT_HTTP if self.head is None else HttpFaultKind.BROKEN_CHUNKING
            self._fail(kind, self._line.start, self._line.excerpt)
        elif self.head is None:
            self._fail(HttpFaultKind.CLOSED_BEFORE_HEAD, self._raw, self._progress())
        elif self.framing == "content-length":
            length = self.body_bytes + self._left
            seen = f"Content-Length is {length}, but {plural(self.body_bytes, 'byte')} came"
            self._fail(HttpFaultKind.SHORT_BODY, self._raw, seen)
        else:
            self._fail(HttpFaultKind.CUT_OFF_CHUNKS, self._raw, self._progress())


def _head_of(response: h11.Response) -> Head:
    fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
    return Head(response.status_code, fields)


def _framing(method: str, head: Head) -> tuple[Framing, int]:
    """The way in which the body ends, and its greatest length (RFC 9112 6.3); h11 finds the same."""
    fields = dict(head.headers)
    if method == "HEAD" or head.status in (204, 304):
        return "none", 0
    if "transfer-encoding" in fields:
        return "chunked", 0
    if "content-length" in fields:
        return "content-length", int(fields["content-length"])
    return "close", sys.maxsize


def _fault_in_fields(fields: tuple[tuple[str, str], ...]) -> tuple[HttpFaultKind, str] | None:
    """A fault in the fields that h11 accepts but a sender must not send; with an excerpt."""
    values = {name: [value for other, value in fields if other == name] for name, _ in fields}
    if "transfer-encoding" in values and "content-length" in values:
        return HttpFaultKind.TWO_FRAMINGS, visible(values["content-length"][0], SEEN)
    if len(types := values.get("content-type", [])) > 1:
        return HttpFaultKind.TWO_MEDIA_TYPES, visible(", ".join(types), SEEN)
    return None
