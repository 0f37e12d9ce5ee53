"""One HTTP/1.1 response: its head, the borders of its body, and how it can break."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import h11
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grader.protocol.http1 import Chunk, End, Head, HttpEvent, HttpFault, HttpFaultKind, ResponseReader

LAW = settings(deadline=None, derandomize=True, database=None, max_examples=400)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Reading:
    """All that a reader tells about one response, with the pieces of a chunk put together."""

    head: Head | None
    chunks: tuple[bytes, ...]
    complete: bool
    fault: tuple[HttpFaultKind, int, str] | None
    framing: str | None
    body_bytes: int
    surplus: int

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)


def read(*pieces: bytes, method: str = "GET", limit: int = 65536, close: bool = True) -> Reading:
    reader = ResponseReader(method, max_head_bytes=limit)
    events: list[HttpEvent] = []
    for piece in pieces:
        events += reader.feed(piece)
    if close:
        events += reader.close()
    fault = reader.fault
    assert [type(one) for one in events if not isinstance(one, Chunk)] == [Head, End][
        : bool(reader.head) + reader.complete
    ]
    told = None if fault is None else (fault.kind, fault.at_byte, fault.message)
    return Reading(
        reader.head, chunks_of(events), reader.complete, told, reader.framing, reader.body_bytes, reader.surplus
    )


def chunks_of(events: list[HttpEvent]) -> tuple[bytes, ...]:
    chunks: list[bytes] = []
    begun, offset = False, 0
    for piece in events:
        if isinstance(piece, Chunk):
            assert piece.start == offset
            assert not (piece.first and begun)
            offset += len(piece.data)
            chunks.append(chunks.pop() + piece.data if chunks and not piece.first else piece.data)
            begun = not piece.last and (begun or piece.first)
    return tuple(chunks)


def cut(response: bytes, size: int) -> list[bytes]:
    return [response[i : i + size] for i in range(0, len(response), size)]


# -- heads --


def test_reads_the_head_as_it_is_complete() -> None:
    reader = ResponseReader("GET")
    assert reader.feed(b"HTTP/1.1 206 Some Content\r\nX-A: 1\r\nx-a:  2 \r\nCaf: \xe9\r\n\r") == []
    fields = (("x-a", "1"), ("x-a", "2"), ("caf", "é"))
    assert reader.feed(b"\n") == [Head(206, fields)]
    assert (reader.framing, reader.complete) == ("close", False)


def test_a_reason_may_be_missing() -> None:
    reading = read(b"HTTP/1.0 200\r\nA: b\r\n\r\nbody")
    assert reading.head == Head(200, (("a", "b"),))
    assert reading.body == b"body"


def test_informational_responses_are_skipped() -> None:
    reading = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"\r\nbody")
    assert reading.head is not None
    assert (reading.head.status, reading.body, reading.fault) == (200, b"body", None)


# -- framings --


def test_chunks_keep_their_borders() -> None:
    reader = ResponseReader("GET")
    reader.feed(CHUNKED)
    assert reader.feed(b"5\r\nhel") == [Chunk(b"hel", 0, True, False)]
    assert reader.feed(b"lo\r\n1;ext=1\r\n!\r\n0\r\n") == [
        Chunk(b"lo", 3, False, True),
        Chunk(b"!", 5, True, True),
    ]
    assert not reader.complete
    assert reader.feed(b"X-Trailer: 1\r\n\r\n") == [End()]
    assert (reader.complete, reader.framing, reader.body_bytes) == (True, "chunked", 6)


def test_content_length_ends_the_body() -> None:
    reading = read(OK + b"Content-Length: 4\r\n\r\nbody")
    assert (reading.body, reading.complete, reading.framing) == (b"body", True, "content-length")


def test_pieces_of_an_unchunked_body_are_no_chunks() -> None:
    reader = ResponseReader("GET")
    _, chunk, end = reader.feed(OK + b"Content-Length: 4\r\n\r\nbody")
    assert (chunk, end) == (Chunk(b"body", 0, False, False), End())


def test_the_close_ends_a_body_of_no_stated_length() -> None:
    reader = ResponseReader("GET")
    reader.feed(OK + b"\r\nbody")
    assert not reader.complete
    assert reader.close() == [End()]
    assert (reader.complete, reader.fault, reader.close()) == (True, None, [])


@pytest.mark.parametrize(
    ("method", "response"),
    [
        ("HEAD", CHUNKED),
        ("head", OK + b"Content-Length: 9\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
    ],
)
def test_some_responses_have_no_body(method: str, response: bytes) -> None:
    reading = read(response, method=method, close=False)
    assert (reading.framing, reading.complete, reading.surplus) == ("none", True, 0)
    assert read(response + b"body", method=method, close=False).surplus == 4


def test_an_empty_body_is_complete_with_its_head() -> None:
    assert read(OK + b"Content-Length: 0\r\n\r\n", close=False).complete


def test_empty_data_is_not_the_end() -> None:
    reader = ResponseReader("GET")
    assert reader.feed(b"") == []
    reader.feed(OK + b"\r\n")
    assert reader.feed(b"") == []
    assert (reader.complete, reader.fault) == (False, None)


# -- faults --

KIND = HttpFaultKind
FAULTS = [
    (b'{"not": "http"}', KIND.NOT_HTTP, 0, '{"not": "http"}'),
    (b"HTTP/2 200\r\n", KIND.NOT_HTTP, 0, "write nothing to its socket"),
    (b"\r\n" + OK, KIND.NOT_HTTP, 0, "status line"),
    (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", KIND.BAD_HEAD, 17, "no colon"),
    (b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", KIND.BAD_HEAD, 17, r"b\x00"),
    (OK + b"Content-Length: x\r\n\r\n", KIND.BAD_HEAD, 36, "bad Content-Length"),
    (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", KIND.BAD_HEAD, 55, "conflicting Content-Length"),
    (OK + b"Transfer-Encoding: gzip\r\n\r\n", KIND.BAD_HEAD, 42, "Transfer-Encoding"),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", KIND.BAD_HEAD, 34, "malformed"),
    (b"HTTP/1.1 099 ?\r\n\r\n", KIND.BAD_HEAD, 16, "malformed"),
    (OK + b"A: " + b"x" * 65536, KIND.HEAD_TOO_LARGE, 17, "A: xxx"),
    (OK + b"A: b\r\n" * 20_000, KIND.HEAD_TOO_LARGE, 65531, "is longer than the limit"),
    (OK + b"A: b\r\n" * 1001 + b"\r\n", KIND.TOO_MANY_FIELDS, 17 + 6 * 1001, "(1,001; at most 1,000 are read)"),
    (b"HTTP/1.1 200 OK\n\n", KIND.BARE_LF, 0, r'"HTTP/1.1 200 OK\n"'),
    (OK + b"A: b\nC: d\r\n\r\n", KIND.BARE_LF, 17, r'"A: b\n"'),
    (OK + b"A: b\r\n\n", KIND.BARE_LF, 23, r'"\n"'),
    (b"HTTP/1.1 103 Hints\n\r\n" + OK + b"\r\n", KIND.BARE_LF, 0, "Hints"),
    (OK + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", KIND.TWO_FRAMINGS, 64, "Content-Length (4)"),
    (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", KIND.TWO_FRAMINGS, 64, "set neither"),
    (OK + b"Content-Type: a/b\r\ncontent-type: c/d\r\n\r\n", KIND.TWO_MEDIA_TYPES, 55, "(a/b, c/d)"),
    (OK + b"Content-Type: a/b\r\nX: y\r\nContent-Type: a/b\r\n\r\n", KIND.TWO_MEDIA_TYPES, 61, "(a/b, a/b)"),
    (OK + b"Content-Length: 4\r\n\r\nbody and more", KIND.SURPLUS, 42, '(" and more")'),
    (OK + b"Content-Length: 0\r\n\r\n" + OK + b"\r\n" + b"x" * 99, KIND.SURPLUS, 38, '("HTTP/1.1 200 OK'),
    (CHUNKED + b"4\r\nbody\r\n0\r\n\r\n\r\n", KIND.SURPLUS, len(CHUNKED) + 14, r'("\r\n")'),
    (b"HTTP/1.1 204 No Content\r\n\r\nbody", KIND.SURPLUS, 27, '("body")'),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody", KIND.SURPLUS, 48, '("body")'),
    (b"", KIND.CLOSED_BEFORE_HEAD, 0, "before the first byte of a response"),
    (b"HTT", KIND.CLOSED_BEFORE_HEAD, 3, "after 3 bytes of the head"),
    (OK + b"A: b\r\n", KIND.CLOSED_BEFORE_HEAD, 23, "respond to every request"),
    (OK + b"Content-Length: 10\r\n\r\nbody", KIND.SHORT_BODY, 43, "Content-Length is 10, but 4 bytes came"),
    (CHUNKED + b"4\r\nbody\r\nmore\r\n", KIND.BROKEN_CHUNKING, len(CHUNKED) + 9, '"more\\r\\n"'),
    (CHUNKED + b"4\r\nbody+\r\n", KIND.BROKEN_CHUNKING, len(CHUNKED) + 7, '"+\\r"'),
    (CHUNKED + b"4\nbody\n", KIND.BROKEN_CHUNKING, len(CHUNKED), '"4\\n"'),
    (CHUNKED + b"data: not a chunk", KIND.BROKEN_CHUNKING, len(CHUNKED), "do not set Transfer-Encoding"),
    (CHUNKED + b"data: x" * 20, KIND.BROKEN_CHUNKING, len(CHUNKED), "do not set Transfer-Encoding"),
    (CHUNKED + b"1;" + b"x" * 5000, KIND.BROKEN_CHUNKING, len(CHUNKED), "1;xxx"),
    (CHUNKED + b"0\r\nno colon\r\n\r\n", KIND.BROKEN_CHUNKING, len(CHUNKED) + 3, "no colon"),
    (CHUNKED + b"0\r\nA: b\n\r\n", KIND.BROKEN_CHUNKING, len(CHUNKED) + 3, "A: b"),
    (CHUNKED + b"0\r\n\n", KIND.BROKEN_CHUNKING, len(CHUNKED) + 3, "framing"),
    (CHUNKED + b"0\r\n" + b"A: b\r\n" * 20_000, KIND.BROKEN_CHUNKING, len(CHUNKED) + 65535, "framing"),
    (CHUNKED, KIND.CUT_OFF_CHUNKS, len(CHUNKED), "after 0 bytes of the body"),
    (CHUNKED + b"4\r\nbo", KIND.CUT_OFF_CHUNKS, len(CHUNKED) + 5, "an exception in it cuts the response off"),
    (CHUNKED + b"4\r\nbody\r\n", KIND.CUT_OFF_CHUNKS, len(CHUNKED) + 9, "after 4 bytes of the body"),
    (CHUNKED + b"4\r\nbody\r\n1", KIND.CUT_OFF_CHUNKS, len(CHUNKED) + 10, "before the last chunk"),
    (CHUNKED + b"0\r\n", KIND.CUT_OFF_CHUNKS, len(CHUNKED) + 3, "before the last chunk"),
]


@pytest.mark.parametrize(("response", "kind", "at_byte", "says"), FAULTS, ids=[case[1].name for case in FAULTS])
@pytest.mark.parametrize("size", [1, 1000, 1_000_000])
def test_names_the_fault_and_its_byte(response: bytes, kind: KIND, at_byte: int, says: str, size: int) -> None:
    reading = read(*cut(response, size))
    assert reading.fault is not None
    assert reading.fault[:2] == (kind, at_byte)
    message = reading.fault[2]
    assert says in message
    assert message.isprintable()
    assert len(message) < 300
    assert kind.rule.startswith(("RFC 9110 ", "RFC 9112 "))


def test_every_kind_of_fault_has_a_case() -> None:
    assert {case[1] for case in FAULTS} | {KIND.RESET} == set(KIND)


def test_what_came_before_a_fault_is_not_lost() -> None:
    reader = ResponseReader("GET")
    events = reader.feed(CHUNKED + b"4\r\nbody\r\nmore\r\n")
    assert [type(event) for event in events] == [Head, Chunk]
    assert isinstance(reader.fault, HttpFault)
    assert (reader.complete, reader.feed(b"more"), reader.close(), reader.surplus) == (False, [], [], 4)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("framing", [b"Content-Length: 4", b"Transfer-Encoding: chunked"])
def test_a_body_after_the_head_alone_is_more_than_was_asked_for(method: str, framing: bytes) -> None:
    body = b"4\r\nbody\r\n0\r\n\r\n" if b"chunked" in framing else b"body"
    reading = read(OK + framing + b"\r\n\r\n" + body, method=method, close=False)
    assert reading.complete
    assert (reading.fault is None) == (method == "GET")


def test_what_follows_the_end_does_not_spoil_what_came_before_it() -> None:
    reader = ResponseReader("GET")
    events = reader.feed(OK + b"Content-Length: 4\r\n\r\nbody")
    assert (reader.complete, reader.fault) == (True, None)
    assert reader.feed(b"mo") == reader.feed(b"re") == []
    assert [type(event) for event in events] == [Head, Chunk, End]
    assert reader.fault is not None
    assert (reader.complete, reader.surplus, reader.fault.kind) == (True, 4, KIND.SURPLUS)
    assert '("more")' in reader.fault.message
    assert reader.close() == []


def test_a_hopeless_first_line_is_told_without_waiting_for_its_end() -> None:
    reader = ResponseReader("GET")
    reader.feed(b"x" * 63)
    assert reader.fault is None
    reader.feed(b"x")
    assert reader.fault is not None
    assert reader.fault.kind is KIND.NOT_HTTP


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (b"", "before the first byte of a response"),
        (b"HTTP/1.1", "after 8 bytes of the header section"),
        (CHUNKED + b"4\r\nbo", "after 2 bytes of the body"),
    ],
)
def test_a_reset_tells_how_far_the_response_had_come(response: bytes, says: str) -> None:
    reader = ResponseReader("GET")
    reader.feed(response)
    fault = reader.reset()
    assert (fault.kind, fault.at_byte, fault.rule) == (KIND.RESET, len(response), "RFC 9112 9.6")
    assert says in fault.message
    assert reader.fault is fault
    assert not reader.complete


def test_a_reset_after_the_end_spoils_nothing() -> None:
    reader = ResponseReader("GET")
    reader.feed(OK + b"Content-Length: 0\r\n\r\n")
    assert "after the complete response" in reader.reset().message
    assert (reader.fault, reader.complete) == (None, True)


def test_a_reset_does_not_hide_an_earlier_fault() -> None:
    reader = ResponseReader("GET")
    reader.feed(b"hello\n")
    reader.reset()
    assert reader.fault is not None
    assert reader.fault.kind is KIND.NOT_HTTP


# -- laws --

_SCRAPS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 100 C",
        b"HTTP/1.1 204 N",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b" ",
        b":",
        b"A: b\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 3\r\n",
        b"Content-Length: 0\r\n",
        b"Content-Type: a/b\r\n",
        CHUNKED,
        b"3\r\nabc\r\n",
        b"0\r\n",
        b"0\r\n\r\n",
        b"1",
        b"a",
        b"abc",
        b";x",
        b"\0",
        b"\xff",
        b"x" * 70,
        b"5;" + b"y" * 70,
    ]
)
_PLAUSIBLE = st.tuples(
    st.sampled_from(
        [CHUNKED, CHUNKED, OK + b"\r\n", OK + b"Content-Length: 9\r\n\r\n", OK, b"HTTP/1.1 100 C\r\n\r\n", b""]
    ),
    st.lists(_SCRAPS, max_size=12).map(b"".join),
).map(b"".join)
_RESPONSES = _PLAUSIBLE | st.binary(max_size=100)


@LAW
@given(
    response=_RESPONSES,
    borders=st.lists(st.integers(0, 1000), max_size=8),
    method=st.sampled_from(["GET", "HEAD"]),
    limit=st.sampled_from([1, 10, 64, 90, 65536]),
    close=st.booleans(),
)
def test_any_way_of_cutting_reads_the_same(
    response: bytes, borders: list[int], method: str, limit: int, close: bool
) -> None:
    at = sorted({border % (len(response) + 1) for border in borders} | {0, len(response)})
    pieces = [response[a:b] for a, b in pairwise(at)]
    whole = read(response, method=method, limit=limit, close=close)
    # What is dropped after a fault depends on when it was noticed.
    for other in (pieces, cut(response, 1)):
        reading = read(*other, method=method, limit=limit, close=close)
        assert unsurplused(reading) == unsurplused(whole)
        if whole.fault is None:
            assert reading.surplus == whole.surplus


def unsurplused(reading: Reading) -> Reading:
    return Reading(
        reading.head, reading.chunks, reading.complete, reading.fault, reading.framing, reading.body_bytes, 0
    )


def h11_reads(response: bytes) -> tuple[bytes, bool]:
    """The body and whether the response was good, as h11 alone has it."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    body = b""
    try:
        for piece in (response, b""):
            connection.receive_data(piece)
            while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Data):
                    body += event.data
                if isinstance(event, h11.EndOfMessage):
                    return body, True
                if isinstance(event, h11.ConnectionClosed):
                    return body, False
    except h11.RemoteProtocolError:
        pass
    return body, False


@LAW
@given(response=_PLAUSIBLE)
def test_agrees_with_h11(response: bytes) -> None:
    # h11 looks into trailer fields for lengths and codings, which have no meaning there (RFC 9110 6.5.1).
    assume(not re.search(rb"Content-Length|Transfer-Encoding", response.partition(b"\r\n\r\n")[2]))
    reading = read(response)
    # h11 reads what a server must not send: two framings, two media types, lines of a head or trailer that end in LF.
    assume(reading.fault is None or reading.fault[0] not in (KIND.BARE_LF, KIND.TWO_FRAMINGS, KIND.TWO_MEDIA_TYPES))
    assume(not re.search(rb"\r\n0+\r\n(?:[^\n]*\r\n)*[^\n\r]*\n", response))
    assert (reading.body, reading.complete) == h11_reads(response)


@LAW
@given(chunks=st.lists(st.binary(min_size=1, max_size=20), max_size=6), size=st.integers(1, 40))
def test_gives_back_the_chunks_that_were_encoded(chunks: list[bytes], size: int) -> None:
    response = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    reading = read(*cut(response, size), close=False)
    assert list(reading.chunks) == chunks
    assert (reading.complete, reading.fault, reading.surplus) == (True, None, 0)
