"""How a response can fail as an HTTP message: one sentence, one rule for each; no behaviour."""

from __future__ import annotations

from grader.protocol.lines import Kind


class HttpFaultKind(Kind):
    """How a response fails as an HTTP message; ``{seen}`` is an excerpt or a detail."""

    NOT_HTTP = (
        'the answer does not begin with an HTTP status line but with "{seen}": '
        "let the server write the response, and print nothing to its socket",
        "RFC 9112 4",
    )
    BAD_HEAD = (
        "the head of the response is malformed ({seen}): "
        "leave the header fields that say where the body ends to the server, and put no newline into a value",
        "RFC 9112 5",
    )
    HEAD_TOO_LARGE = (
        'the head of the response does not end within the limit, near "{seen}": send fewer or shorter header fields',
        "RFC 9110 5.4",
    )
    BARE_LF = (
        'the line "{seen}" in the head of the response ends with LF alone: '
        "let the server write the response, for every line of a head ends with CRLF",
        "RFC 9112 2.2",
    )
    TWO_FRAMINGS = (
        "the head of the response has both Transfer-Encoding and Content-Length ({seen}), "
        "so that clients may disagree where the body ends: set neither of them yourself",
        "RFC 9112 6.2",
    )
    TWO_MEDIA_TYPES = (
        "the head of the response has more than one Content-Type field ({seen}): send one",
        "RFC 9110 8.3",
    )
    CLOSED_BEFORE_HEAD = (
        "the connection was closed before the head of a response was complete ({seen}): "
        "answer every request, if only with an error",
        "RFC 9112 8",
    )
    SHORT_BODY = (
        "the connection was closed before the body was complete ({seen}): "
        "do not set Content-Length on a stream, or send as many bytes as it promises",
        "RFC 9112 8",
    )
    BROKEN_CHUNKING = (
        'the chunked framing of the body is broken at "{seen}": '
        "let the server write the chunks, and set no Transfer-Encoding yourself",
        "RFC 9112 7.1",
    )
    CUT_OFF_CHUNKS = (
        "the connection was closed before the last chunk of the body ({seen}): "
        "let the response end, for an exception that escapes from a stream cuts it off",
        "RFC 9112 8",
    )
    SURPLUS = (
        'more bytes follow the end of the response ("{seen}"): '
        "send one response to a request, and as many bytes as Content-Length says",
        "RFC 9112 6.3",
    )
    RESET = (
        "the connection was reset ({seen}): let the response end, and close the connection only after that",
        "RFC 9112 9.6",
    )


class HttpFault(Exception):
    """The response broke HTTP.

    ``at_byte`` is an offset into the raw bytes of the response; ``seen`` an excerpt or a detail, safe to print.
    Raise it or read it: the reader itself never raises it.
    """

    def __init__(self, kind: HttpFaultKind, *, at_byte: int, seen: str) -> None:
        super().__init__(kind.says.format(seen=seen))
        self.kind = kind
        self.at_byte = at_byte
        self.seen = seen

    @property
    def message(self) -> str:
        """One sentence for the learner."""
        return str(self)

    @property
    def rule(self) -> str:
        """The standard and section, such as "RFC 9112 8"."""
        return self.kind.rule
