"""The kinds of faults in an HTTP message: a sentence and a section of the standard for each."""

from __future__ import annotations

from grader.protocol.lines import Kind


class HttpFaultKind(Kind):
    """The kinds of faults in an HTTP message; ``{seen}`` is an excerpt or a detail."""

    NOT_HTTP = (
        'the response begins with "{seen}" instead of an HTTP status line: '
        "let the server write the response, and write nothing to its socket yourself",
        "RFC 9112 4",
    )
    BAD_HEAD = (
        "the header section of the response is malformed ({seen}): "
        "let the server write Content-Length and Transfer-Encoding, and do not put a newline into a field value",
        "RFC 9112 5",
    )
    HEAD_TOO_LARGE = (
        'the header section of the response is longer than the limit (at "{seen}"): send fewer or shorter fields',
        "RFC 9110 5.4",
    )
    TOO_MANY_FIELDS = (
        "the response has too many header fields ({seen}): send no more than a client needs",
        "RFC 9110 5.4",
    )
    BARE_LF = (
        'the line "{seen}" of the header section ends with LF alone, but CRLF is required: '
        "let the server write the response",
        "RFC 9112 2.2",
    )
    TWO_FRAMINGS = (
        "the response has both Transfer-Encoding and Content-Length ({seen}), "
        "so clients may disagree about where the body ends: set neither of them yourself",
        "RFC 9112 6.2",
    )
    TWO_MEDIA_TYPES = (
        "the response has more than one Content-Type field ({seen}): send one",
        "RFC 9110 8.3",
    )
    CLOSED_BEFORE_HEAD = (
        "the connection was closed before the header section of a response was complete ({seen}): "
        "respond to every request, even if only with an error",
        "RFC 9112 8",
    )
    SHORT_BODY = (
        "the connection was closed before the body was complete ({seen}): "
        "send exactly as many bytes (not characters) as Content-Length says, and leave it out of a stream",
        "RFC 9112 8",
    )
    BROKEN_CHUNKING = (
        'the chunked framing of the body is broken at "{seen}": '
        "let the server write the chunks, and do not set Transfer-Encoding yourself",
        "RFC 9112 7.1",
    )
    CUT_OFF_CHUNKS = (
        "the connection was closed before the last chunk of the body ({seen}): "
        "let the stream end normally; an exception in it cuts the response off",
        "RFC 9112 8",
    )
    SURPLUS = (
        'more bytes follow after the end of the response ("{seen}"): '
        "send one response to each request, and exactly as many bytes as Content-Length says",
        "RFC 9112 6.3",
    )
    RESET = (
        "the connection was reset ({seen}): let the response end before the connection is closed",
        "RFC 9112 9.6",
    )


class HttpFault(Exception):
    """The response is not valid HTTP.

    ``at_byte`` is an offset into the raw bytes of the response, ``seen`` an excerpt or a detail that is safe to print.
    The reader never raises it, but a caller can.
    """

    def __init__(self, kind: HttpFaultKind, *, at_byte: int, seen: str) -> None:
        super().__init__(kind.says.format(seen=seen))
        self.kind = kind
        self.at_byte = at_byte  # the tests prove by it that a fault is found at its byte, however the bytes are cut
        self.seen = seen

    @property
    def message(self) -> str:
        """One sentence for the learner."""
        return str(self)

    @property
    def rule(self) -> str:
        """The standard and section, such as "RFC 9112 8"."""
        return self.kind.rule
