"""Event streams: what a browser would dispatch, and what is wrong with the bytes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from itertools import pairwise

import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.protocol.lines import TooLarge
from grader.protocol.sse import Comment, Event, EventStreamReader, Fault, SseFaultKind
from grader.text import visible

LAW = settings(deadline=None, derandomize=True, database=None, max_examples=300)


@dataclass(frozen=True)
class Reading:
    """All that a reader tells about one stream."""

    found: tuple[Event | Comment, ...]
    faults: tuple[Fault, ...]
    last_event_id: str
    retry: int | None
    pending: str | None

    @property
    def events(self) -> list[Event]:
        return [one for one in self.found if isinstance(one, Event)]

    @property
    def kinds(self) -> list[object]:
        return [fault.kind for fault in self.faults]

    @property
    def harmful(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.harmless]


def read(*pieces: bytes) -> Reading:
    reader = EventStreamReader()
    found: list[Event | Comment] = []
    for piece in pieces:
        found += reader.feed(piece)
    pending = reader.pending
    found += reader.close()
    return Reading(tuple(found), reader.faults, reader.last_event_id, reader.retry, pending)


def feed_all(reader: EventStreamReader, pieces: list[bytes], found: list[Event | Comment]) -> None:
    for piece in pieces:
        found += reader.feed(piece)


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[i : i + size] for i in range(0, len(stream), size)]


def seen(stream: bytes) -> list[tuple[str, str]]:
    return [(event.type, event.data) for event in read(stream).events]


# -- what a browser dispatches: the cases of the WPT eventsource suite, and those of the standard itself --

DISPATCHED = {
    "one event": (b"data: a\n\n", [("message", "a")]),
    "no space after the colon": (b"data:a\n\n", [("message", "a")]),
    "only one space is taken": (b"data:  a \n\n", [("message", " a ")]),
    "a tab is part of the value": (b"data:\ta\n\n", [("message", "\ta")]),
    "several data lines": (b"data: a\ndata: b\ndata:\n\n", [("message", "a\nb\n")]),
    "data with no colon": (
        b"data\n\ndata\ndata\n\ndata:test\n\n",
        [("message", ""), ("message", "\n"), ("message", "test")],
    ),
    "a comment is no data": (b"data:test\n:data:fail\n\n", [("message", "test")]),
    "empty comments and blank lines": (b":\n\n\n:\ndata: a\n:\n\n\n\n", [("message", "a")]),
    "CR, LF and CRLF": (b"data:1\rdata:2\ndata:3\r\n\r\n", [("message", "1\n2\n3")]),
    "CR alone": (b"data: a\r\rdata: b\r\r", [("message", "a"), ("message", "b")]),
    "LF then CR": (b"data: a\n\rdata: b\n\r", [("message", "a"), ("message", "b")]),
    "a leading BOM": (b"\xef\xbb\xbfdata: a\n\n", [("message", "a")]),
    "a BOM and a blank line": (b"\xef\xbb\xbf\ndata: a\n\n", [("message", "a")]),
    "two BOMs": (b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\n", [("message", "2")]),
    "a BOM later on": (b"data:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n", [("message", "1"), ("message", "3")]),
    "a named event": (b"event: tick\ndata: a\n\ndata: b\n\n", [("tick", "a"), ("message", "b")]),
    "the last name counts": (b"event: a\nevent: b\ndata\n\n", [("b", "")]),
    "an empty name": (b"event: a\nevent:\ndata: x\n\n", [("message", "x")]),
    "a name with no data": (b"event: a\n\ndata: x\n\n", [("message", "x")]),
    "names are case-sensitive": (b"Data: a\ndata: b\n\n", [("message", "b")]),
    "unknown fields": (b"foo: bar\ndata: a\ntimestamp:1\n\n", [("message", "a")]),
    "a space before the name": (b" data: a\ndata: b\n\n", [("message", "b")]),
    "a leading NULL in the name": (b"\0data:1\ndata:  2\n\n", [("message", " 2")]),
    "a NULL in the data": ("data:ok\0é\n\n".encode(), [("message", "ok\0é")]),
    "no other line end": ("data: a\u2028b\u0085c\vd\fe\x1cf\n\n".encode(), [("message", "a\u2028b\u0085c\vd\fe\x1cf")]),
    "an unfinished event": (b"data: a\n\ndata: b\n", [("message", "a")]),
    "an unfinished line": (b"data: a\n\ndata: b", [("message", "a")]),
    "bytes that are no UTF-8": (b"data: \xff\xc3\n\n", [("message", "\ufffd\ufffd")]),
    "text that is no JSON": (b"data: [DONE]\n\ndata: Hello {x}\n\n", [("message", "[DONE]"), ("message", "Hello {x}")]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("stream", "expected"), DISPATCHED.values(), ids=DISPATCHED)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_dispatches_what_a_browser_would(stream: bytes, expected: list[tuple[str, str]], size: int) -> None:
    assert [(event.type, event.data) for event in read(*cut(stream, size)).events] == expected


LEGAL = [
    b": comment\ndata: a\n: between\ndata: b\n\n",
    b"data\n\n",
    b"data:a\r\n\r\n",
    b"retry: 1000\n\n",
    b"id: 7\n\n",
    b"id\ndata: x\n\n",
    b"event\ndata: x\n\n",
    b"\xef\xbb\xbfdata: a\n\n",
    b"foo: bar\nx-y_z.1:\ndata: a\n\n",
    b"\n\n:\n\n:\n",
    b": cut off",
    b"data: [DONE]\n\n",
    b"data: Hello {x}\n\n",
    b'data: "quoted\n\n',
    b"data: [NaN, they said\n\n",
    b"data: NaN\n\n",
    b"data: [Infinity War] is a film\n\n",
    b"data: " + b"[" * 5000 + b"\n\n",
    b"data: [" + b"9" * 5000 + b"]\n\n",
    "data: \u2028\u0085\v\f\n\n".encode(),
    "data: \ufeffbom in a value\n\n".encode(),
]


@pytest.mark.parametrize("stream", LEGAL)
def test_finds_no_harm_in_a_legal_stream(stream: bytes) -> None:
    assert read(stream).harmful == []


# -- state that outlives an event --


def test_an_id_persists_changes_and_resets() -> None:
    reading = read(b"id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\nid\ndata: d\n\n")
    assert [event.id for event in reading.events] == ["1", "1", "2", ""]


def test_an_id_counts_only_from_the_blank_line_on() -> None:
    reader = EventStreamReader()
    reader.feed(b"id: 1\n")
    assert reader.last_event_id == ""
    reader.feed(b"\n")
    assert reader.last_event_id == "1"


def test_an_id_in_an_event_that_is_cut_off_is_lost() -> None:
    assert read(b"id: 1\ndata: a\n\nid: 2\ndata: b\n").last_event_id == "1"


def test_retry_counts_at_once_and_the_last_valid_one_stays() -> None:
    reader = EventStreamReader()
    reader.feed(b"retry: 0300\n")
    assert reader.retry == 300
    reader.feed(b"retry: 5s\nretry: -1\n\n")
    assert reader.retry == 300


def test_an_event_tells_its_own_retry_and_fields() -> None:
    first, second = read(b"retry: 10\nid: 1\nevent: e\nfoo: x\ndata: a\ndata: b\n\ndata: c\n\n").events
    assert (first.retry, first.fields) == (10, ("retry", "id", "event", "data", "data"))
    assert (second.retry, second.fields) == (None, ("data",))


def test_an_event_knows_the_reconnection_time_that_is_set_when_it_comes() -> None:
    events = read(b"data: 1\n\nretry: 20\n\ndata: 2\n\ndata: 3\nretry: 30\n\nretry: 40\n\n").events
    assert [event.reconnection for event in events] == [None, 20, 30]


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 5000, "0" * 5000 + "7"])
def test_a_retry_of_any_length_is_read(digits: str) -> None:
    assert read(f"retry: {digits}\n\n".encode()).retry == min(int(digits[-19:]), 10**18 - 1)


# -- offsets and times --


def test_offsets_run_from_the_first_field_to_the_blank_line() -> None:
    stream = b": hi\nid: 1\n: there\ndata: a\n\n\ndata: b\n\n"
    comment, inner, first, second = read(stream).found
    assert (stream[comment.start : comment.end], stream[inner.start : inner.end]) == (b": hi\n", b": there\n")
    assert stream[first.start : first.end] == b"id: 1\n: there\ndata: a\n\n"
    assert stream[second.start : second.end] == b"data: b\n\n"


def test_the_lf_of_the_crlf_that_dispatched_an_event_belongs_to_none() -> None:
    first, second = read(b"data: a\r\n\r\ndata: b\r\n\r\n").events
    assert (first.start, first.end, second.start, second.end) == (0, 10, 11, 21)


def test_an_event_is_dispatched_on_the_cr_of_its_blank_line() -> None:
    reader = EventStreamReader()
    assert reader.feed(b"data: a\r") == []
    assert len(reader.feed(b"\r")) == 1
    assert reader.feed(b"\ndata: b\r\n") == []
    assert len(reader.feed(b"\r\n")) == 1
    assert reader.faults[0].kind is SseFaultKind.MIXED_LINE_ENDINGS


def test_comments_are_told_as_they_arrive() -> None:
    reader = EventStreamReader()
    assert reader.feed(b": ping\n") == [Comment(" ping", 0, 7)]


# -- every fault, where it is and how it reads --

FAULTS = [
    (b"data: a\n\nid: 2\ndata: b\n", SseFaultKind.MISSING_BLANK_LINE, 9, 23, "empty line after every event"),
    (b'data: {"a": 1}\ndata: {"a": 2}\n\n', SseFaultKind.JOINED_EVENTS, 6, 29, "empty line after every event"),
    (b"data: a\n\ndata: b", SseFaultKind.CUT_OFF_LINE, 9, 16, '"data: b"'),
    (b'data: a\n\n{"b": 1}\n\n', SseFaultKind.BARE_JSON, 9, 17, 'write "data: " before it'),
    (b"data: a\n\n[DONE]\n\n", SseFaultKind.BARE_JSON, 9, 15, 'the line "[DONE]" has no field name'),
    (b'data: a\n\n{"b": 1}', SseFaultKind.BARE_JSON, 9, 17, 'write "data: " before it'),
    (b'  "b"\n\n', SseFaultKind.BARE_JSON, 0, 5, 'write "data: " before it'),
    (b'data: {"a": 1}\n{"b": 2}\n\n', SseFaultKind.BARE_JSON, 15, 23, 'write "data: " before it'),
    (b"data: one\ntwo lines\n\n", SseFaultKind.UNSPLIT_NEWLINE, 10, 19, "split a value that contains a newline"),
    (b'data: {\n  "a": 1\n}\n\n', SseFaultKind.UNSPLIT_NEWLINE, 8, 16, "split a value that contains a newline"),
    (b"hello world\n\n", SseFaultKind.NOT_A_FIELD, 0, 11, 'not a field ("name: value")'),
    (b"two words: x\n\n", SseFaultKind.NOT_A_FIELD, 0, 12, 'not a field ("name: value")'),
    (b"Data: x\n\n", SseFaultKind.MISSPELT_FIELD, 0, 7, "in lower case"),
    (b"\n data: x\n\n", SseFaultKind.MISSPELT_FIELD, 1, 9, "without a space before the name"),
    (b"data: y\nevent : x\n\n", SseFaultKind.MISSPELT_FIELD, 8, 17, "or the colon"),
    (b"data: x\nid: a\0b\n\n", SseFaultKind.NULL_IN_ID, 12, 15, r"a\x00b"),
    (b"retry:1000x\n\n", SseFaultKind.RETRY_NOT_DIGITS, 6, 11, '"1000x"'),
    ("retry: ١\n\n".encode(), SseFaultKind.RETRY_NOT_DIGITS, 7, 9, "milliseconds"),
    (b"retry\n\n", SseFaultKind.RETRY_NOT_DIGITS, 5, 5, "milliseconds"),
    (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", SseFaultKind.BOM_IN_STREAM, 9, 19, 'before "data: b"'),
    (b"data: a\xc3(\n\n", SseFaultKind.INVALID_UTF8, 7, 8, "between characters"),
    (b": \xff\xfe\n\n", SseFaultKind.INVALID_UTF8, 2, 3, r"\xff"),
    (b'id: 1\ndata: {"a": NaN}\n\n', SseFaultKind.NOT_A_NUMBER, 12, 22, "JSON.parse"),
    (b"data: [\ndata:-Infinity]\n\n", SseFaultKind.NOT_A_NUMBER, 6, 23, "send null"),
    (b"data: data: x\n\n", SseFaultKind.DOUBLED_DATA_PREFIX, 6, 11, "a second"),
    (b"data: {'a': None}\n\n", SseFaultKind.PYTHON_REPR, 6, 17, "json.dumps"),
    (b"data: [True, '\\d']\n\n", SseFaultKind.PYTHON_REPR, 6, 18, "json.dumps"),
    (b"data: {'at': datetime.date(2024, 1, 1)}\n\n", SseFaultKind.PYTHON_REPR, 6, 39, "json.dumps"),
    (b"data: b'abc'\n\n", SseFaultKind.PYTHON_REPR, 6, 12, "json.dumps"),
    (b"data: {1: (True, 'x',), 'k': b'\\xff'}\n\n", SseFaultKind.PYTHON_REPR, 6, 37, "json.dumps"),
    (b'data: "{\\"a\\": 1}"\n\n', SseFaultKind.JSON_IN_JSON, 6, 18, "encoded twice"),
    (b"event: done\n\ndata: 3\n\n", SseFaultKind.TYPE_WITHOUT_DATA, 0, 12, "without a blank line between them"),
    (b"foo: bar\n\n", SseFaultKind.UNKNOWN_FIELD, 0, 8, "is not data, event, id or retry"),
    (b"data: x\r\n\n", SseFaultKind.MIXED_LINE_ENDINGS, 9, 10, "use one kind"),
    (b"data: x\n\r", SseFaultKind.MIXED_LINE_ENDINGS, 8, 9, "use one kind"),
]


@pytest.mark.parametrize(("stream", "kind", "start", "end", "says"), FAULTS)
def test_names_the_fault_and_its_bytes(stream: bytes, kind: SseFaultKind, start: int, end: int, says: str) -> None:
    faults = [
        fault
        for fault in read(stream).faults
        if fault.kind is not SseFaultKind.MIXED_LINE_ENDINGS or kind is fault.kind
    ]
    fault = faults[0]
    assert (fault.kind, fault.start, fault.end) == (kind, start, end)
    assert says in fault.message
    assert fault.message.isprintable()
    assert "{" not in fault.message.replace(fault.seen, "")
    assert fault.rule.startswith(("WHATWG HTML 9.2.", "RFC 8259 "))


def test_every_kind_of_fault_has_a_case() -> None:
    assert {case[1] for case in FAULTS} == set(SseFaultKind)


def test_only_legal_framing_is_harmless() -> None:
    assert {kind for kind in SseFaultKind if kind.harmless} == {
        SseFaultKind.DOUBLED_DATA_PREFIX,
        SseFaultKind.PYTHON_REPR,
        SseFaultKind.JSON_IN_JSON,
        SseFaultKind.TYPE_WITHOUT_DATA,
        SseFaultKind.UNKNOWN_FIELD,
        SseFaultKind.MIXED_LINE_ENDINGS,
    }


def test_faults_come_in_order_of_offset() -> None:
    reading = read(b"data: {'a':\ndata:1}\nid: \0\n\nhello there\n\ndata: x")
    assert reading.kinds == [
        SseFaultKind.PYTHON_REPR,
        SseFaultKind.NULL_IN_ID,
        SseFaultKind.NOT_A_FIELD,
        SseFaultKind.CUT_OFF_LINE,
    ]


def test_mixed_line_ends_are_told_once() -> None:
    assert read(b"data: a\r\n\ndata: b\n\r\n\r\r").kinds == [SseFaultKind.MIXED_LINE_ENDINGS]


def test_a_flood_of_one_fault_hides_no_other() -> None:
    reading = read(b"x y\n" * 10_000 + b"retry: 5s\n\n")
    assert len(reading.faults) == 51
    assert reading.kinds[-1] is SseFaultKind.RETRY_NOT_DIGITS


def test_one_linefeed_between_events_is_one_event_that_never_ends() -> None:
    reading = read(b"data: a\ndata: b\ndata: c\n")
    assert reading.events == []
    assert reading.kinds == [SseFaultKind.MISSING_BLANK_LINE]


# -- what is begun, and what is too much --


@pytest.mark.parametrize(
    ("stream", "phrase"),
    [
        (b"", None),
        (b"data: a\n\n: ping\n", None),
        (b"\xef\xbb\xbf", None),
        (b"data: a\n\nda", 'a line has begun (2 bytes: "da"), but no line ending follows'),
        (b"data: a\n\ndata: Hel", 'a line has begun (9 bytes: "data: Hel"), but no line ending follows'),
        (b"\n: hi\ndata: Hel\nid", 'an event has begun (12 bytes: "data: Hel"), but no blank line ends it'),
    ],
)
def test_tells_what_is_begun(stream: bytes, phrase: str | None) -> None:
    assert read(stream).pending == phrase
    assert read(*cut(stream, 1)).pending == phrase


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "stream", [b"data: a\n\nid: 1\n" + b"data: abc\n" * 9, b"data: a\n\nid: 1\ndata: " + b"x" * 60]
)
def test_refuses_an_event_beyond_the_limit(stream: bytes, size: int) -> None:
    reader = EventStreamReader(max_event_bytes=50)
    found: list[Event | Comment] = []
    with pytest.raises(TooLarge, match="begins at byte 9 is larger than 50 bytes"):
        feed_all(reader, cut(stream, size), found)
    before = ["a"] if size < len(stream) else []  # what was completed by the same bytes is not told
    assert [event.data for event in found if isinstance(event, Event)] == before
    with pytest.raises(TooLarge):
        reader.feed(b"\n\n")
    assert reader.close() == []


def test_comments_do_not_add_up_to_an_event_that_is_too_large() -> None:
    reader = EventStreamReader(max_event_bytes=50)
    assert len(reader.feed(b"data: a\n" + b": ping\n" * 100 + b"\n")) == 101


def test_a_long_line_fed_byte_by_byte_takes_linear_time() -> None:
    def seconds(size: int) -> float:
        reader = EventStreamReader()
        began = time.process_time()
        for _ in range(size):
            reader.feed(b"x")
        return time.process_time() - began

    # Sixteen times the bytes take sixteen times as long; were it quadratic, 256 times. 60 leaves room for noise.
    assert seconds(320_000) < 60 * max(seconds(20_000), 0.001)


@pytest.mark.parametrize(
    "scrap", ["1", " ", ", ", "'", "\\'", '\\"', "b'", "-", "[", "{'a':", "1 ", "(", ",\t", "NaN "]
)
def test_payload_that_only_looks_like_python_costs_little(scrap: str) -> None:
    payload = "data: ['" + "', 1, " * (scrap != "\\'") + scrap * (50_000 // len(scrap)) + "?\n\n"
    began = time.process_time()
    assert len(read(payload.encode()).events) == 1
    # A few milliseconds; a regular expression that looks at everything twice over takes tens of seconds.
    assert time.process_time() - began < 2


def test_a_closed_reader_takes_no_more() -> None:
    reader = EventStreamReader()
    reader.feed(b"data: x")
    assert reader.close() == reader.close() == []
    assert len(reader.faults) == 1
    with pytest.raises(ValueError, match="closed"):
        reader.feed(b"\n")


# -- laws --

_SCRAPS = st.sampled_from(
    [
        b"data",
        b"event",
        b"id",
        b"retry",
        b":",
        b": ",
        b" ",
        b"\r",
        b"\n",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\xef\xbb\xbf",
        b"a",
        b"1",
        b"{",
        b"}",
        b'"',
        b"'",
        b"\0",
        b"\xc3",
        b"\xa9",
        b"NaN",
        b"None",
        "\u2028".encode(),
        b"{'a': 1}",
    ]
)
_STREAMS = st.lists(_SCRAPS, max_size=40).map(b"".join) | st.binary(max_size=60)


def cuts(stream: bytes, borders: list[int]) -> list[bytes]:
    at = sorted({border % (len(stream) + 1) for border in borders} | {0, len(stream)})
    return [stream[a:b] for a, b in pairwise(at)]


@LAW
@given(stream=_STREAMS, borders=st.lists(st.integers(0, 1000), max_size=8))
def test_any_way_of_cutting_reads_the_same(stream: bytes, borders: list[int]) -> None:
    whole = read(stream)
    assert read(*cuts(stream, borders)) == whole
    assert read(*cut(stream, 1)) == whole


@LAW
@example(stream="data: a\n\xa0b\n\n".encode())
@given(stream=_STREAMS)
def test_ranges_lie_within_the_stream_and_in_order(stream: bytes) -> None:
    reading = read(stream)
    assert all(0 <= one.start <= one.end <= len(stream) for one in (*reading.found, *reading.faults))
    events = reading.events
    assert all(a.end <= b.start for a, b in pairwise(events))
    assert [fault.start for fault in reading.faults] == sorted(fault.start for fault in reading.faults)
    assert all(visible(fault.message, 400) == fault.message for fault in reading.faults)


def httpx_sse_events(text: str) -> list[tuple[str, str, str]]:
    """What httpx-sse makes of a stream, less what it tells of blocks that have no data."""
    lines, decoder = SSELineDecoder(), SSEDecoder()
    found, has_data = [], False
    for line in (*lines.decode(text), *lines.flush()):
        has_data = has_data or line.partition(":")[0] == "data"
        event = decoder.decode(line)
        if line == "":
            if event is not None and has_data:
                found.append((event.event, event.data, event.id))
            has_data = False
    return found


_TEXTS = st.lists(
    st.sampled_from(
        ["data", "event", "id", "retry", "foo", ":", ": ", " ", "\n", "\r", "\r\n", "a", "é", "\0", "\u2028"]
    ),
    max_size=60,
).map("".join)


@LAW
@example(text="data\n\n")
@given(text=_TEXTS)
def test_agrees_with_an_independent_reader(text: str) -> None:
    # A blank line at the end, so that the two need not agree on how a stream is cut off.
    text += "\n\n"
    events = [(event.type, event.data, event.id) for event in read(text.encode()).events]
    assert events == [(kind, data, id_) for kind, data, id_ in map(_as_browser, httpx_sse_events(text))]


def _as_browser(event: tuple[str, str, str]) -> tuple[str, str, str]:
    return (event[0] or "message", event[1], event[2])


_VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=12)
_SENT = st.tuples(
    _VALUES.filter(bool) | st.none(),  # type
    st.lists(_VALUES, min_size=1, max_size=4).map("\n".join),  # data
    _VALUES | st.none(),  # id
    st.integers(0, 10**9) | st.none(),  # retry
)


_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def encode(sent: tuple[str | None, str, str | None, int | None], data: st.DataObject) -> list[str]:
    """One event as lines without their ends, in one of the many ways of writing it."""
    kind, text, id_, retry = sent
    fields = [("data", line) for line in text.split("\n")]
    for name, value in (("event", kind), ("id", id_), ("retry", retry)):
        if value is not None:
            fields.insert(data.draw(st.integers(0, len(fields))), (name, str(value)))
    lines = []
    for name, value in fields:
        if data.draw(st.booleans()):
            lines.append(":" + data.draw(_VALUES))
        # One space is taken away, so a value that begins with one needs another.
        space = " " if value.startswith(" ") or data.draw(st.booleans()) else ""
        lines.append(f"{name}:{space}{value}")
    return [*lines, ""]


def end_lines(lines: list[str], data: st.DataObject) -> str:
    """The lines, each ended in any way that does not run together with the end of the line before."""
    text = ""
    for line in lines:
        end = data.draw(_ENDS)
        merges = line == "" and text.endswith("\r") and end.startswith("\n")
        text += line + ("\r" if merges else end)
    return text


@settings(LAW, max_examples=150)
@given(sent=st.lists(_SENT, max_size=4), data=st.data())
def test_gives_back_what_was_encoded_in_any_style(
    sent: list[tuple[str | None, str, str | None, int | None]], data: st.DataObject
) -> None:
    reading = read(end_lines([line for one in sent for line in encode(one, data)], data).encode())
    last_id = ""
    expected = []
    for kind, text, id_, retry in sent:
        last_id = last_id if id_ is None else id_
        expected.append((kind or "message", text, last_id, retry))
    assert [(event.type, event.data, event.id, event.retry) for event in reading.events] == expected
    assert reading.harmful == []


@settings(LAW, max_examples=50)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.lists
    )
)
def test_finds_nothing_odd_in_json(value: object) -> None:
    reading = read(b"data: " + json.dumps([value]).encode() + b"\n\n")
    assert reading.faults == ()
    assert json.loads(reading.events[0].data) == [value]
