"""Newline-delimited JSON, read line by line from an app that sends exact bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import Violation
from grader.probe.response import Response
from tests.probe.bodies import head, sized
from tests.probe.conftest import QUICK, Meet, Then, To, says_endlessly

NDJSON = "application/x-ndjson"
EACH_CUT = pytest.mark.parametrize("cut", [1, 7, 1 << 20])


@pytest.mark.parametrize("kind", [NDJSON, "application/ndjson", "application/jsonl", "Application/X-NDJSON; charset=x"])
def test_each_media_type_in_use_is_read(kind: str, reply_to: To) -> None:
    assert [line.json() for line in reply_to(sized(b'{"a": 1}\n2\n', kind)).lines()] == [{"a": 1}, 2]


@EACH_CUT
def test_a_line_is_there_as_soon_as_it_is_complete(cut: int, reply_to: To) -> None:
    response = reply_to(head(NDJSON) + '{"é": "日本"}\r\n[2]\n{"thr'.encode(), Then.STAYS, cut=cut, timeouts=QUICK)
    first, second = response.next_line(), response.next_line()
    assert (first.json(), first.text, first.start) == ({"é": "日本"}, '{"é": "日本"}', 0)
    assert (second.json(), second.start) == ([2], len('{"é": "日本"}\r\n'.encode()))
    with pytest.raises(Violation) as told:
        response.next_line()
    assert told.value.finding.expected == "the next line"
    assert 'a line has begun (5 bytes: "{"thr"), but no newline ends it: the server responds' in told.value.finding.seen


def test_a_lines_value_is_checked_by_a_schema(tmp_path: Path, reply_to: To) -> None:
    tmp_path.joinpath("step.json").write_text(json.dumps({"type": "object", "required": ["step"]}), "utf-8")
    response = reply_to(sized(b'{"step": 1}\n{"other": 2}\n', NDJSON))
    assert response.next_line().json(schema="step") == {"step": 1}
    with pytest.raises(Violation, match=r"the line by step\.json.*'step' is a required property") as told:
        response.next_line().json(schema="step")
    assert told.value.finding.spot is not None
    assert told.value.finding.spot.offset == 12


@EACH_CUT
def test_faults_are_told_where_they_are(cut: int, reply_to: To) -> None:
    body = b'{"good": 1}\n{\'bad\': 1}\n\n{"good": 2}\ndata: 3\n'
    response = reply_to(sized(body, NDJSON), cut=cut)
    assert [line.json() for line in response.lines()] == [{"good": 1}, {"good": 2}]
    faults = response.line_faults()
    assert [body[fault.spot.offset :].partition(b"\n")[0] for fault in faults] == [b"{'bad': 1}", b"data: 3"]
    assert "is Python notation, not JSON" in faults[0].message


def test_the_fault_that_keeps_a_line_from_coming_is_told(reply_to: To) -> None:
    response = reply_to(sized(b"[1]\n[2,\n", NDJSON))
    response.next_line()
    with pytest.raises(Violation, match='the response has ended: the JSON in the line "\\[2," does not end'):
        response.next_line()


def test_lines_must_end_in_a_clean_end(reply_to: To) -> None:
    with pytest.raises(Violation, match="Content-Length is 9, but 4 bytes came"):
        reply_to(head(NDJSON, "200 OK", "Content-Length: 9") + b"[1]\n").lines()


@pytest.mark.parametrize("read", [Response.next_line, Response.lines, Response.line_faults])
@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (sized(b"[1]\n", "text/event-stream"), "200 text/event-stream: [1]"),
        (sized(b"oh no", NDJSON, "500 Internal Server Error"), "500 application/x-ndjson: oh no"),
    ],
    ids=["type", "status"],
)
def test_what_is_not_ndjson_is_not_read_as_it(
    data: bytes, seen: str, read: Callable[[Response], object], reply_to: To
) -> None:
    with pytest.raises(Violation) as told:
        read(reply_to(data))
    assert told.value.finding.expected == "200 application/x-ndjson"
    assert told.value.finding.seen.startswith(seen)


def test_ndjson_is_not_read_as_an_event_stream(reply_to: To) -> None:
    response = reply_to(sized(b"[1]\n", NDJSON))
    with pytest.raises(Violation, match="200 text/event-stream"):
        response.next_event()
    assert response.retry is None


@pytest.mark.parametrize(
    ("piece", "seen"),
    [(b"[1]\n", "more than 2000 lines"), (b"x" * 60_000, "one that is longer")],
    ids=["lines", "line"],
)
def test_what_has_no_end_is_given_up(piece: bytes, seen: str, meet: Meet) -> None:
    ends = meet(says_endlessly(head(NDJSON), piece), timeouts=QUICK, longest=60.0)
    with pytest.raises(Violation, match=seen):
        ends.client.get("/").lines()
