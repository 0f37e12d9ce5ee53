"""The lines that frame a response: what is wrong with one, as early as it can be known (RFC 9112 2.2, 4, 5, 7.1)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from grader.protocol.http1_faults import HttpFaultKind
from grader.protocol.lines import SEEN
from grader.text import visible_bytes

#: After so many bytes a line that cannot become a good one is a fault, though it has not ended: a server that writes
#: something else than HTTP may never end a line, and keep the connection open.
ENOUGH: Final = 64
#: Longest chunk header, extensions included. RFC 9112 7.1.1 asks for a limit and names none; known servers send no
#: extensions at all.
_MAX_CHUNK_HEADER: Final = 4096

_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] [0-9]{3}(?: [^\r\n]*)?\r?\n")
_FIELD_LINE = re.compile(rb"(?:[-!#$%&'*+.^_`|~0-9A-Za-z]+:[^\x00\r\n\v\f]*)?\r?\n")
#: A head as nearly all are. What this does not match may still be good.
_WHOLE_HEAD = re.compile(
    rb"HTTP/1\.[0-9] [0-9]{3}(?: [^\r\n]*+)?\r\n(?:[-!#$%&'*+.^_`|~0-9A-Za-z]++:[^\x00\r\n\v\f]*+\r\n)*+\r\n"
)
_CHUNK_HEADER = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;[^\n]*)?[ \t]*\r\n")
_PLAIN_CHUNK_HEADER = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_CHUNK_HEADER_BEGUN = re.compile(rb"[0-9A-Fa-f]{1,20}(?:;[^\n]*|[ \t]*\r?)\n?|")


class Section(Enum):
    """The section of a response in which a line is."""

    STATUS = auto()
    FIELDS = auto()
    CHUNK_HEADER = auto()
    CHUNK_END = auto()  # the CRLF after the content of a chunk
    TRAILER = auto()


class FramingLine:
    """The line that is being read, as far as it has come: ``text`` from byte ``start`` of the response on.

    ``limit`` bounds the lines of a head (those of the 1xx heads before it included), and likewise of a trailer.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._section_bytes = 0  # in whole lines of the head or trailer
        self.section = Section.STATUS
        self.text = bytearray()
        self.start = 0

    def whole_head(self, data: bytes, position: int, *, offset: int) -> bytes:
        """Take the head that begins here, if all of it has come and each of its lines is good; else b""."""
        if self.section is not Section.STATUS or self.text:
            return b""
        found = _WHOLE_HEAD.match(data, position)
        if found is None or len(found[0]) > self._room:
            return b""
        self._section_bytes += len(found[0])
        self.start = offset + len(found[0]) - len(b"\r\n")
        return found[0]

    def whole_chunk(self, data: bytes, position: int) -> int:
        """The size of the chunk that begins here, if all of it has come and is good; else 0."""
        if self.section is not Section.CHUNK_HEADER or self.text:
            return 0
        found = _PLAIN_CHUNK_HEADER.match(data, position)
        if found is None:
            return 0
        size = int(found[1], 16)
        return size if data.startswith(b"\r\n", found.end() + size) else 0

    @property
    def is_whole(self) -> bool:
        """Whether it ends with LF."""
        return self.text.endswith(b"\n")

    @property
    def is_hopeless(self) -> bool:
        """Whether more bytes cannot make it a good line, as far as its beginning tells."""
        if self.section is Section.STATUS:
            return not _may_be_status_line(self.text)
        return self.section is Section.CHUNK_HEADER and not _may_be_chunk_header(self.text)

    @property
    def excerpt(self) -> str:
        """Its beginning, safe to print."""
        return visible_bytes(bytes(self.text[: min(ENOUGH, self._room)]), SEEN)

    def take(self, data: bytes, position: int, *, offset: int) -> int:
        """Take its bytes from ``position`` of ``data`` on, which is byte ``offset``; return where they end."""
        if not self.text:
            self.start = offset
        end = data.find(b"\n", position) + 1 or len(data)
        if self.section is Section.CHUNK_END:  # as long as CRLF, even if no LF comes
            end = min(end, position + 2 - len(self.text))
        self.text += data[position:end]
        return end

    def fault(self) -> HttpFaultKind | None:
        """The fault in the line; None when it is good, or may still become good."""
        return _fault_in(self.text, self.section, self._room)

    def finish(self) -> bytes:
        """Give it out, whole and good, and begin the next one in the same section."""
        line = bytes(self.text)
        self.text.clear()
        self._section_bytes += len(line)
        return line

    def begin(self, section: Section) -> None:
        """The next line belongs to another section, with a limit of its own."""
        self.section, self._section_bytes = section, 0

    @property
    def _room(self) -> int:
        return self._limit - self._section_bytes


def chunk_size(line: bytes) -> int:
    """The size that a good chunk header gives."""
    found = _CHUNK_HEADER.fullmatch(line)
    assert found is not None
    return int(found[1], 16)


def _may_be_status_line(line: bytes | bytearray) -> bool:
    """Whether ``line`` may be the beginning of a status line."""
    return line.startswith(b"HTTP/1."[: len(line)])


def _may_be_chunk_header(line: bytes | bytearray) -> bool:
    """Whether ``line`` may be the beginning of a chunk header."""
    return _CHUNK_HEADER_BEGUN.fullmatch(line) is not None


def _fault_in(line: bytearray, section: Section, room: int) -> HttpFaultKind | None:
    """The fault in a line. Before its end it depends on a fixed number of bytes, never on how they were cut."""
    whole = line.endswith(b"\n")
    match section:
        case Section.STATUS:
            enough = min(ENOUGH, room)
            hopeless = len(line) >= enough and not _may_be_status_line(line[:enough])
            if hopeless or (whole and len(line) <= room and not _STATUS_LINE.fullmatch(line)):
                return HttpFaultKind.NOT_HTTP
            return _fault_of_head(line, room)
        case Section.FIELDS:
            if whole and len(line) <= room and not _is_blank_or_field(line):
                return HttpFaultKind.BAD_HEAD
            return _fault_of_head(line, room)
        case Section.CHUNK_HEADER:
            begun_badly = len(line) >= ENOUGH and not _may_be_chunk_header(line[:ENOUGH])
            bad = len(line) > _MAX_CHUNK_HEADER or begun_badly or (whole and not _CHUNK_HEADER.fullmatch(line))
        case Section.CHUNK_END:
            bad = (whole or len(line) == 2) and line != b"\r\n"
        case Section.TRAILER:
            bad = len(line) > room or (whole and not (line.endswith(b"\r\n") and _is_blank_or_field(line)))
    return HttpFaultKind.BROKEN_CHUNKING if bad else None


def _fault_of_head(line: bytearray, room: int) -> HttpFaultKind | None:
    if len(line) > room:
        return HttpFaultKind.HEAD_TOO_LARGE
    # A recipient may accept LF alone, but a sender has to write CRLF (RFC 9112 2.2), and some clients insist on it.
    return HttpFaultKind.BARE_LF if line.endswith(b"\n") and not line.endswith(b"\r\n") else None


def _is_blank_or_field(line: bytearray) -> bool:
    # A line that begins with white space goes on with the one before: obsolete, and still to be read (RFC 9112 5.2).
    return line.startswith((b" ", b"\t")) or _FIELD_LINE.fullmatch(line) is not None
