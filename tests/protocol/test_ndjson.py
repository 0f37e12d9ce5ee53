"""Newline-delimited JSON: the values, line by line, and what is wrong with the lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.protocol.lines import TooLarge
from grader.protocol.ndjson import JSON, Fault, NdjsonFaultKind, NdjsonReader, Record

LAW = settings(deadline=None, derandomize=True, database=None, max_examples=300)


@dataclass(frozen=True)
class Reading:
    """All that a reader tells about one body."""

    records: tuple[Record, ...]
    faults: tuple[Fault, ...]
    pending: str | None

    @property
    def values(self) -> list[JSON]:
        return [record.value for record in self.records]

    @property
    def kinds(self) -> list[object]:
        return [fault.kind for fault in self.faults]


def read(*pieces: bytes) -> Reading:
    reader = NdjsonReader()
    records: list[Record] = []
    for piece in pieces:
        records += reader.feed(piece)
    pending = reader.pending
    records += reader.close()
    return Reading(tuple(records), reader.faults, pending)


def feed_all(reader: NdjsonReader, pieces: list[bytes], records: list[Record]) -> None:
    for piece in pieces:
        records += reader.feed(piece)


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[i : i + size] for i in range(0, len(body), size)]


def test_each_line_is_a_value() -> None:
    reading = read(b'{"a": [1, null]}\n"x"\n1.5\ntrue\n')
    assert reading.values == [{"a": [1, None]}, "x", 1.5, True]
    assert reading.faults == ()


def test_crlf_and_spaces_around_a_value_are_allowed() -> None:
    reading = read(b'  {"a": 1}\t \r\n[2]\r\n')
    assert reading.values == [{"a": 1}, [2]]
    assert [record.raw for record in reading.records] == ['  {"a": 1}\t ', "[2]"]
    assert reading.faults == ()


def test_no_other_character_ends_a_line() -> None:
    assert read('"a\u2028b\u0085c"\n'.encode()).values == ["a\u2028b\u0085c"]


def test_a_record_tells_its_bytes() -> None:
    reader = NdjsonReader()
    assert reader.feed(b'{"a"') == []
    assert reader.feed(b": 1}\n2") == [Record({"a": 1}, '{"a": 1}', 0, 9)]
    assert reader.feed(b"") == []
    assert reader.close() == [Record(2, "2", 9, 10)]


def test_many_digits_are_still_a_number() -> None:
    assert read(b"9" * 308 + b"\n").values == [int("9" * 308)]
    assert read(b"[" + b"7" * 5000 + b"e-4999]\n").values == [[7.777777777777778]]
    assert read(b'"' + b"9" * 5000 + b'"\n0.' + b"3" * 5000 + b"\n").values[1] == 1 / 3


FAULTS = [
    (b"1\nhello\n", NdjsonFaultKind.NOT_JSON, 2, 7, "json.dumps(value)"),
    (b"1\nhello", NdjsonFaultKind.CUT_OFF, 2, 7, "send every item completely"),
    (b'1\n{"a": [1,', NdjsonFaultKind.CUT_OFF, 2, 11, "send every item completely"),
    (b'1\n{"a":\n1}\n', NdjsonFaultKind.UNFINISHED_VALUE, 2, 7, "exactly one line"),
    (b'"a\n', NdjsonFaultKind.UNFINISHED_VALUE, 0, 2, "exactly one line"),
    (b'1\n{"a": 1}{"b": 2}\n', NdjsonFaultKind.SEVERAL_VALUES, 2, 18, "more than one JSON value"),
    (b"1 2 \n", NdjsonFaultKind.SEVERAL_VALUES, 0, 4, "more than one JSON value"),
    (b"1,\n", NdjsonFaultKind.NOT_JSON, 0, 2, "json.dumps(value)"),
    (b"\rdata: 1\n", NdjsonFaultKind.SSE_FRAMING, 0, 8, "data: 1"),
    (b"1\r2\r", NdjsonFaultKind.BARE_CR, 0, 4, "CR alone"),
    (b'1\n{"a": NaN}\n', NdjsonFaultKind.NOT_A_NUMBER, 2, 12, "send null"),
    (b"-Infinity\n", NdjsonFaultKind.NOT_A_NUMBER, 0, 9, "send null"),
    (b"[" * 100_000 + b"]" * 100_000 + b"\n", NdjsonFaultKind.TOO_DEEP, 0, 200_000, "use fewer levels"),
    (b"1\n[1e999]\n", NdjsonFaultKind.TOO_LARGE, 2, 9, "clients read it as infinite"),
    (b"9" * 5000 + b"\n", NdjsonFaultKind.TOO_LARGE, 0, 5000, "send a smaller one"),
    (b"1\n{'a': None}\n", NdjsonFaultKind.PYTHON_REPR, 2, 13, "json.dumps"),
    (b"{'a': None}", NdjsonFaultKind.PYTHON_REPR, 0, 11, "json.dumps"),
    (b'data: {"a": 1}\n', NdjsonFaultKind.SSE_FRAMING, 0, 14, 'without "data: " before it'),
    (b": ping\n", NdjsonFaultKind.SSE_FRAMING, 0, 6, 'without "data: " before it'),
    (b"1\n\xef\xbb\xbf2\n", NdjsonFaultKind.BOM, 2, 5, "utf-8-sig"),
    (b'1\n"\xc3"\n', NdjsonFaultKind.INVALID_UTF8, 3, 4, "between characters"),
    (b"1\n \r\n", NdjsonFaultKind.BLANK_LINE, 2, 4, "blank"),
    (b"1\n22", NdjsonFaultKind.NO_LAST_NEWLINE, 2, 4, "after every line"),
    (b'"{\\"a\\": 1}"\n', NdjsonFaultKind.JSON_IN_JSON, 0, 12, "encoded twice"),
]


@pytest.mark.parametrize(("body", "kind", "start", "end", "says"), FAULTS, ids=[case[1].name for case in FAULTS])
def test_names_the_fault_and_its_bytes(body: bytes, kind: NdjsonFaultKind, start: int, end: int, says: str) -> None:
    fault = read(body).faults[0]
    assert (fault.kind, fault.start, fault.end) == (kind, start, end)
    assert says in fault.message
    assert fault.message.isprintable()
    assert len(fault.message) < 300
    assert fault.rule.startswith(("NDJSON 3.", "RFC 8259 "))


def test_every_kind_of_fault_has_a_case() -> None:
    assert {case[1] for case in FAULTS} == set(NdjsonFaultKind)


def test_harmless_is_what_loses_nothing() -> None:
    harmless = {NdjsonFaultKind.BLANK_LINE, NdjsonFaultKind.NO_LAST_NEWLINE, NdjsonFaultKind.JSON_IN_JSON}
    assert {kind for kind in NdjsonFaultKind if kind.harmless} == harmless


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b"1\nhello\n2\n", [1, 2]),
        (b"1\n\n2\n", [1, 2]),
        (b'{"a": NaN}\n2\n', [2]),
        (b"1 2\n3\n", [3]),
        (b"\xef\xbb\xbf1\n", [1]),
        (b'"\xff"\n', ["\ufffd"]),
        (b"1\n2", [1, 2]),
        (b'1\n{"a"', [1]),
    ],
)
def test_a_line_at_fault_costs_no_other_its_value(body: bytes, values: list[JSON]) -> None:
    assert read(body).values == values


@pytest.mark.parametrize(
    ("body", "phrase"),
    [
        (b"", None),
        (b"1\n", None),
        (b'1\n{"a', 'a line has begun (3 bytes: "{"a"), but no newline ends it'),
    ],
)
def test_tells_what_is_begun(body: bytes, phrase: str | None) -> None:
    assert read(body).pending == phrase


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("end", [b"", b"\n3\n"])
def test_refuses_a_line_beyond_the_limit(size: int, end: bytes) -> None:
    reader = NdjsonReader(max_line_bytes=20)
    records: list[Record] = []
    with pytest.raises(TooLarge, match="begins at byte 2 is larger than 20 bytes"):
        feed_all(reader, cut(b"1\n" + b"2" * 21 + end, size), records)
    before = [1] if size < 20 else []  # what was completed by the same bytes is not told
    assert [record.value for record in records] == before
    with pytest.raises(TooLarge):
        reader.feed(b"\n")
    assert reader.close() == []


def test_a_closed_reader_takes_no_more() -> None:
    reader = NdjsonReader()
    reader.feed(b"1")
    assert len(reader.close()) == 1
    assert reader.close() == []
    with pytest.raises(ValueError, match="closed"):
        reader.feed(b"\n")


_SCRAPS = st.sampled_from(
    [
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"{",
        b"}",
        b'"',
        b'{"a": 1}',
        b"1",
        b"NaN",
        b"'",
        b"None",
        b"data: ",
        b"\xc3",
        b"\xa9",
        b"\xef\xbb\xbf",
        b"[",
        b"]",
        b",",
        b'{"a"',
        b": ",
    ]
)
_BODIES = st.lists(_SCRAPS, max_size=40).map(b"".join) | st.binary(max_size=60)


@LAW
@given(body=_BODIES, borders=st.lists(st.integers(0, 1000), max_size=8))
def test_any_way_of_cutting_reads_the_same(body: bytes, borders: list[int]) -> None:
    at = sorted({border % (len(body) + 1) for border in borders} | {0, len(body)})
    whole = read(body)
    assert repr(read(*(body[a:b] for a, b in pairwise(at)))) == repr(whole)
    assert repr(read(*cut(body, 1))) == repr(whole)


@LAW
@given(body=_BODIES)
def test_every_line_is_a_record_or_a_fault(body: bytes) -> None:
    reading = read(body)
    starts = {record.start for record in reading.records}
    at = 0
    for line in body.split(b"\n"):
        touched = any(at <= fault.start <= at + len(line) for fault in reading.faults)
        assert at in starts or touched or (line == b"" and at == len(body))
        at += len(line) + 1


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(LAW, max_examples=100)
@given(values=st.lists(_VALUES, max_size=5), ascii_only=st.booleans(), end=st.sampled_from(["\n", "\r\n", " \n"]))
def test_gives_back_what_was_encoded(values: list[JSON], ascii_only: bool, end: str) -> None:
    body = "".join(json.dumps(value, ensure_ascii=ascii_only) + end for value in values)
    reading = read(body.encode())
    assert reading.values == values
    assert [fault for fault in reading.faults if not fault.harmless] == []
    assert "".join(body.encode()[record.start : record.end].decode() for record in reading.records) == body
