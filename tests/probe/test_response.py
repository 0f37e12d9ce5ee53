"""A response against an app that sends exact bytes: what a specification reads, and what it is told instead."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from grader.errors import Violation
from grader.model import Place
from grader.probe import exchange
from grader.probe.client import Client
from grader.probe.connection import Disconnect
from grader.probe.exchange import MAX_BODY, PIECE
from grader.probe.record import Record
from grader.probe.response import Response
from grader.protocol.transcript import Act, Lane
from grader.requirement import cited
from tests.probe.bodies import SSE, chunked, event, head, sized
from tests.probe.conftest import DEADLINE, QUICK, FakeApp, Meet, Then, To, reset, says, says_endlessly

EACH_CUT = pytest.mark.parametrize("cut", [1, 7, 1 << 20])


def test_a_client_that_accepts_gzip_reads_what_it_means(meet: Meet) -> None:
    compressed = gzip.compress(b"data: 1\n\n")
    sent = sized(compressed, SSE, "200 OK", "Content-Encoding: gzip")
    client = meet(says(sent)).client
    assert [event.data for event in client.get("/", headers={"Accept-Encoding": "gzip"}).events()] == ["1"]
    assert client.get("/").body() == compressed


def test_a_compressed_body_that_is_cut_off_is_the_apps_failure(meet: Meet) -> None:
    sent = sized(gzip.compress(b"data: 1\n\n")[:-4], SSE, "200 OK", "Content-Encoding: gzip")
    with pytest.raises(Violation, match="it ends before its trailer"):
        meet(says(sent)).client.get("/", headers={"Accept-Encoding": "gzip"}).events()


def test_a_body_that_is_not_the_gzip_it_says_is_the_apps_failure(meet: Meet) -> None:
    response = meet(says(sized(b"data: 1\n\n", SSE, "200 OK", "Content-Encoding: gzip"))).client.get(
        "/", headers={"Accept-Encoding": "gzip"}
    )
    with pytest.raises(Violation, match=r"expected a body in gzip, as its Content-Encoding says; seen: .*header"):
        response.events()


# -- the head -------------------------------------------------------------------------------------------------------


@EACH_CUT
def test_status_and_headers(cut: int, reply_to: To) -> None:
    response = reply_to(
        sized(b"{}", "application/json", "418 I'm a teapot", "X-Odd: café", "X-Two: a", "X-Two: b"), cut=cut
    )
    assert response.status == 418
    assert response.headers["CONTENT-length"] == "2"
    assert response.headers["x-odd"] == "café"
    assert response.headers.get_list("x-two") == ["a", "b"]
    assert "etag" not in response.headers


def test_a_missing_header_field_is_the_apps_failure(reply_to: To) -> None:
    headers = reply_to(sized(b"", SSE)).headers
    assert (headers.get("etag"), headers.get("etag", ""), headers.get("Content-Length")) == (None, "", "0")
    with pytest.raises(Violation, match="expected a header field Location; seen: none of that name"):
        _ = headers["Location"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("text/event-stream", SSE),
        ("Text/Event-Stream; charset=UTF-8", SSE),
        ("text/event-stream;charset=utf-8;x=y", SSE),
        ("TEXT/PLAIN", "text/plain"),
        ("  application/json  ", "application/json"),
        ("", ""),
        (";", ""),
    ],
)
def test_a_media_type_has_neither_case_nor_parameters(sent: str, read: str, reply_to: To) -> None:
    assert reply_to(sized(b"", sent)).content_type == read


def test_interim_responses_are_passed_over(reply_to: To) -> None:
    assert reply_to(head("", "103 Early Hints") + sized(b"", SSE)).status == 200


def test_a_head_is_read_while_the_body_is_still_open(reply_to: To) -> None:
    response = reply_to(head(), Then.STAYS)
    assert (response.status, response.content_type) == (200, SSE)


# -- a whole body ---------------------------------------------------------------------------------------------------

WHOLE = {
    "sized": sized(b"one two"),
    "until the close": head() + b"one two",
    "chunked": chunked(b"one", b" ", b"two"),
}


@EACH_CUT
@pytest.mark.parametrize("framing", WHOLE)
def test_a_body_is_read_to_its_end(framing: str, cut: int, reply_to: To) -> None:
    assert reply_to(WHOLE[framing], cut=cut).body() == b"one two"


BROKEN = {
    "short body": (
        head(SSE, "200 OK", "Content-Length: 9") + b"one",
        Then.CLOSES,
        "Content-Length is 9, but 3 bytes came",
        "RFC 9112 8",
    ),
    "reset": (
        head(SSE, "200 OK", "Content-Length: 9") + b"one",
        Then.RESETS,
        "the connection was reset",
        "RFC 9112 9.6",
    ),
    "cut off": (chunked(b"one", end=False), Then.CLOSES, "before the last chunk", "RFC 9112 8"),
    "no chunks": (chunked(end=False) + b"data: one\n\n", Then.STAYS, "framing of the body is broken", "RFC 9112 7.1"),
}


@EACH_CUT
@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_does_not_end_well_is_told_by_its_rule(name: str, cut: int, reply_to: To) -> None:
    data, then, seen, rule = BROKEN[name]
    with pytest.raises(Violation) as told:
        reply_to(data, then, cut=cut).body()
    assert seen in told.value.finding.seen
    assert told.value.finding.requirement == cited(rule)


SURPLUS = {
    "beyond Content-Length": head(SSE, "200 OK", "Content-Length: 11") + event("data: one") + b"more",
    "a second response": sized(event("data: one")) + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    "after the last chunk": chunked(event("data: one")) + b"more",
}


@pytest.mark.parametrize("read", [Response.body, Response.events, Response.faults, Response.wait_for_end])
@pytest.mark.parametrize("name", SURPLUS)
def test_a_response_with_more_after_its_end_has_not_ended_well(
    name: str, read: Callable[[Response], object], meet: Meet
) -> None:
    ends = meet(says(SURPLUS[name], Then.STAYS))
    response = ends.client.get("/")
    assert response.status == 200
    with pytest.raises(Violation, match="more bytes follow after the end of the response") as told:
        read(response)
    assert told.value.finding.requirement == cited("RFC 9112 6.3")
    acts = [entry.act for entry in ends.session.transcript.entries()]
    assert acts == [Act.SENT, Act.HEAD, Act.CHUNK, Act.ENDED, Act.BROKEN]


@pytest.mark.parametrize("how", ["by the end of the check", "by the disconnect", "by the end of the next check"])
def test_more_after_the_end_may_come_later(how: str, meet: Meet) -> None:
    told = threading.Event()

    def talk(app: FakeApp, connection: socket.socket) -> None:
        connection.sendall(sized(event("data: one")))
        assert told.wait(DEADLINE)
        says(b"more", Then.STAYS)(app, connection)

    ends = meet(talk)
    response = ends.client.get("/")
    assert response.body() == event("data: one")
    assert ends.session.late_fault() is None
    if how == "by the end of the next check":
        ends.session.close_active()
    told.set()
    assert ends.app.said.wait(DEADLINE)
    if how == "by the disconnect":
        response.disconnect()
    fault = ends.session.late_fault()
    assert fault is not None
    assert "more bytes follow after the end of the response" in fault.finding.seen


def test_a_response_without_more_has_no_fault_whatever_its_client_does(meet: Meet) -> None:
    ends = meet(says(sized(event("data: one"))))
    ends.client.get("/").body()
    with ends.client.get("/"):
        pass
    ends.client.get("/")
    ends.session.close_active()
    assert ends.session.late_fault() is None


def test_more_after_the_end_is_noticed_in_the_next_packet(meet: Meet) -> None:
    """The response fills what is received at once to its last byte."""
    whole = sized(b"x" * (65536 - len(sized(b"x" * 65000)) + 65000))
    ends = meet(says(whole + b"more", Then.STAYS))
    response = ends.client.get("/")
    assert ends.app.said.wait(DEADLINE)
    assert len(whole) == 65536
    with pytest.raises(Violation, match="more bytes follow"):
        response.body()


AMBIGUOUS = {
    "two framings": (
        head(SSE, "200 OK", "Content-Length: 11", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        "both Transfer-Encoding and Content-Length",
    ),
    "two media types": (sized(b"", SSE, "200 OK", "Content-Type: text/plain"), "more than one Content-Type field"),
    "LF alone": (sized(b"").replace(b"\r\n", b"\n"), "ends with LF alone, but CRLF"),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_head_that_clients_may_read_differently_is_not_a_response(name: str, reply_to: To) -> None:
    data, seen = AMBIGUOUS[name]
    with pytest.raises(Violation, match=seen):
        _ = reply_to(data, Then.STAYS).status


HEADLESS = {
    "closed at once": (b"", Then.CLOSES, "closed before the header section"),
    "closed in mid-head": (b"HTTP/1.1 200 OK\r\ncontent-", Then.CLOSES, "closed before the header section"),
    "reset at once": (b"", Then.RESETS, "the connection was reset"),
    "no HTTP": (
        b"data: hello\n\n" + b"x" * 80,
        Then.STAYS,
        'the response begins with "data: hello',
    ),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 80, Then.STAYS, "instead of an HTTP status line"),
    "a broken field": (
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        Then.STAYS,
        "the header section of the response is malformed",
    ),
}


@EACH_CUT
@pytest.mark.parametrize("name", HEADLESS)
def test_what_is_no_head_is_told(name: str, cut: int, reply_to: To) -> None:
    data, then, seen = HEADLESS[name]
    with pytest.raises(Violation) as told:
        _ = reply_to(data, then, cut=cut).status
    assert told.value.finding.expected == "a response"
    assert seen in told.value.finding.seen
    assert told.value.finding.requirement is not None
    assert told.value.finding.requirement.source.startswith("RFC 9112")


def test_an_app_that_ends_meanwhile_is_told_with_its_last_bytes(meet: Meet) -> None:
    def dies(app: FakeApp, connection: Any) -> None:
        connection.sendall(head(SSE, "200 OK", "Content-Length: 9") + b"one")
        app.alive = False
        reset(connection)

    with pytest.raises(Violation, match=r"the connection was reset.*; the app's process exited with status 7"):
        meet(dies).client.get("/").body()


# -- JSON -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def schemas(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "required": ["steps"],
        "properties": {"steps": {"type": "array", "items": {"type": "integer"}}},
    }
    tmp_path.joinpath("task.json").write_text(json.dumps(schema), "utf-8")


@pytest.mark.usefixtures("schemas")
def test_a_json_body_of_the_right_shape_is_given_out(reply_to: To) -> None:
    assert reply_to(sized('{"steps": [1], "é": "日本"}'.encode())).json(schema="task") == {"steps": [1], "é": "日本"}


NO_JSON = {
    "wrong type": (b'{"steps": [1, "two"]}', "the body by task.json", "at $.steps[1]: 'two' is not of type 'integer'"),
    "missing": (b"{}", "the body by task.json", "at the top level: 'steps' is a required property"),
    "NaN": (b'{"steps": [NaN]}', "the body as JSON", "NaN and Infinity are not valid JSON"),
    "Python": (b"{'steps': [1]}", "the body as JSON", "this is Python notation"),
    "unfinished": (b'{"steps": [1', "the body as JSON", "it ends in the middle"),
    "two": (b'{"steps": []} {"steps": []}', "the body as JSON", "more than one value"),
    "lines": (b'{"steps": []}\n{"steps": []}', "the body as JSON", "one JSON value on each line"),
    "events": (b'data: {"steps": []}\n\n', "the body as JSON", "this is an event stream, where one JSON document was"),
    "named events": (b"event: x\ndata: 1\n\n", "the body as JSON", "this is an event stream"),
    "nothing": (b"", "the body as JSON", "(empty)"),
    "deep": (b"[" * 100_000, "the body as JSON", ""),
    "no UTF-8": (b'{"steps": "caf\xe9"}', "the body in UTF-8", "at byte 14"),
}


@pytest.mark.usefixtures("schemas")
@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_no_such_json_is_told(name: str, reply_to: To) -> None:
    body, expected, seen = NO_JSON[name]
    with pytest.raises(Violation) as told:
        reply_to(sized(body, "application/json")).json(schema="task")
    assert told.value.finding.expected == expected
    assert seen in told.value.finding.seen
    assert len(told.value.finding.seen) < 500
    assert told.value.finding.spot is not None


# -- events ---------------------------------------------------------------------------------------------------------

STREAM = (
    b"\xef\xbb\xbf: hello\n"
    + event("data: one")
    + event("event: step", "id: 7", "retry: 1500", "data: two", "data: lines é 👩‍🚀")
    + b"data:\r\rdata: three\r\n\r\n"
    + b": ping\n\nid\nevent: nothing\n\n"
    + event("event: done", "data: {}")
)


@EACH_CUT
@pytest.mark.parametrize("frame", [sized, chunked, lambda body: head() + body], ids=["sized", "chunked", "closed"])
def test_events_are_read_as_a_browser_reads_them(frame: Callable[[bytes], bytes], cut: int, reply_to: To) -> None:
    response = reply_to(frame(STREAM), cut=cut)
    first = response.next_event()
    assert (first.type, first.data, first.id, first.retry, first.fields) == ("message", "one", "", None, ("data",))
    assert response.retry in (None, 1500)
    second = response.next_event()
    assert (second.type, second.data, second.id, second.retry) == ("step", "two\nlines é 👩‍🚀", "7", 1500)
    assert response.retry == 1500
    rest = response.events()
    assert [(found.type, found.data, found.id) for found in rest] == [
        ("message", "", "7"),
        ("message", "three", "7"),
        ("done", "{}", ""),
    ]
    assert rest[-1].json() == {}
    assert response.faults() == []


@EACH_CUT
def test_each_event_is_there_as_soon_as_it_is_complete(cut: int, reply_to: To) -> None:
    response = reply_to(chunked(event("data: one"), event("data: two"), end=False), Then.STAYS, cut=cut)
    assert [response.next_event().data, response.next_event().data] == ["one", "two"]


@EACH_CUT
def test_comments_are_taken_in_their_order(cut: int, reply_to: To) -> None:
    response = reply_to(sized(b": one\n:two\n\n" + event("data: three") + b":\n"), cut=cut)
    assert [response.next_comment(), response.next_comment()] == [" one", "two"]
    with pytest.raises(Violation, match="an event first: three") as told:
        response.next_comment()
    assert told.value.finding.requirement == cited("WHATWG HTML 9.2.7")
    assert response.next_comment() == ""
    with pytest.raises(Violation, match="the response has ended"):
        response.next_comment()


def test_a_comment_that_has_arrived_is_seen_without_a_wait(reply_to: To) -> None:
    response = reply_to(sized(b": one\n\n" + event("data: two") + b": three\n\n"))
    response.wait_for_end()
    assert response.has_comment()
    assert response.has_comment()
    assert response.next_comment() == " one"
    assert not response.has_comment()  # an event comes before the next one
    assert response.next_event().data == "two"
    assert response.has_comment()


def test_no_comment_is_seen_before_it_arrives(reply_to: To) -> None:
    response = reply_to(chunked(event("data: one"), b": two\n\n", end=False), Then.STAYS)
    assert response.next_event().data == "one"
    assert response.next_comment() == " two"
    assert not response.has_comment()


def test_an_events_data_is_read_as_json_of_a_shape(reply_to: To, schemas: None) -> None:
    response = reply_to(
        sized(event("data: {}") + event('data: {"steps":', "data: [1]}") + event("event: x", 'data: {"steps": 1}'))
    )
    assert response.next_event().json() == {}
    assert response.next_event().json(schema="task") == {"steps": [1]}
    bad = response.next_event()
    with pytest.raises(Violation, match=r"the data of the x event by task\.json.* at \$\.steps: 1 is not") as told:
        bad.json(schema="task")
    assert told.value.finding.spot is not None
    assert told.value.finding.spot.offset == bad.start
    assert told.value.finding.spot.excerpt[told.value.finding.spot.caret :].startswith(b"event: x")


NO_STREAM = {
    "status": (sized(b"oh no", SSE, "500 Internal Server Error"), "500 text/event-stream"),
    "type": (sized(b"[1]", "application/json"), "200 application/json"),
    "no type": (sized(b"", ""), "200 (no Content-Type)"),
}


@pytest.mark.parametrize("read", [Response.next_event, Response.next_comment, Response.events, Response.faults])
@pytest.mark.parametrize("name", NO_STREAM)
def test_what_is_no_event_stream_is_not_read_as_one(
    name: str, read: Callable[[Response], object], reply_to: To
) -> None:
    data, seen = NO_STREAM[name]
    with pytest.raises(Violation) as told:
        read(reply_to(data))
    assert told.value.finding.expected == "200 text/event-stream"
    assert told.value.finding.seen.startswith(seen)


@EACH_CUT
def test_faults_are_told_where_they_are(cut: int, reply_to: To) -> None:
    body = event("data: fine") + b'{"bare": 1}\n' + event("Data: x") + b"data: \xff\n\ndata: cut o"
    faults = reply_to(sized(body), cut=cut).faults()
    assert [body[fault.spot.offset :].partition(b"\n")[0] for fault in faults][:2] == [b'{"bare": 1}', b"Data: x"]
    assert all(fault.rule.startswith("WHATWG HTML 9.2") and fault.message for fault in faults)
    assert len(faults) == 4


def test_odd_but_lawful_streams_have_no_faults(reply_to: To) -> None:
    assert reply_to(sized(b"data:x\r\r:\r\ndata\n\nunknown: field\n\nretry: 5\n\n")).faults() == []


EARLY = {
    "ends": (sized(event("data: one")), Then.CLOSES, "the response has ended"),
    "ends in mid-event": (
        sized(event("data: one") + b"data: two\n"),
        Then.CLOSES,
        "the stream ended before a blank line",
    ),
    "ends in mid-line": (
        sized(event("data: one") + b"data: tw"),
        Then.CLOSES,
        "the stream ended in the middle of the line",
    ),
    "is reset": (chunked(event("data: one"), end=False), Then.RESETS, "the connection was reset"),
    "is cut off": (chunked(event("data: one"), end=False), Then.CLOSES, "before the last chunk"),
}


@EACH_CUT
@pytest.mark.parametrize("name", EARLY)
def test_a_stream_that_is_over_too_early_is_told_how(name: str, cut: int, reply_to: To) -> None:
    data, then, seen = EARLY[name]
    response = reply_to(data, then, cut=cut)
    if then is not Then.RESETS:  # which may drop what had not been read
        assert response.next_event().data == "one"
    with pytest.raises(Violation) as told:
        [response.next_event() for _ in range(2)]
    assert told.value.finding.expected == "the next event"
    assert seen in told.value.finding.seen


@pytest.mark.parametrize("name", ["is reset", "is cut off"])
def test_all_events_must_end_in_a_clean_end(name: str, reply_to: To) -> None:
    data, then, seen = EARLY[name]
    with pytest.raises(Violation, match=seen):
        reply_to(data, then).events()


# -- what never comes -----------------------------------------------------------------------------------------------


NEVER: dict[str, tuple[bytes, Callable[[Response], object], str, str]] = {
    "a status line": (
        b"",
        lambda response: response.status,
        "a response",
        "no response yet: the server responds to other requests",
    ),
    "half a head": (head()[:20], lambda response: response.status, "a response", "no response yet"),
    "an event": (head(), Response.next_event, "the next event", "no body yet: the server responds"),
    "the rest of it": (
        head() + b"data: one\n",
        Response.next_event,
        "the next event",
        "no blank line ends it: the server",
    ),
    "more than comments": (
        head() + b": ping\n\n" * 3,
        Response.next_event,
        "the next event",
        "only comments so far: the server",
    ),
    "a comment": (
        head() + event("data: one"),
        lambda response: (response.next_event(), response.next_comment()),
        "comment",
        "",
    ),
    "the end": (
        head("text/plain") + b"one",
        Response.body,
        "the end of the response",
        "nothing more after 3 bytes of the body (“one”)",
    ),
    "the end of events": (
        head() + event("data: one"),
        Response.events,
        "the end of the stream",
        "nothing more after 1 event (the last one: “one”)",
    ),
}


@pytest.mark.parametrize("name", NEVER)
def test_silence_is_told_by_how_far_it_had_come(name: str, reply_to: To) -> None:
    data, read, expected, seen = NEVER[name]
    with pytest.raises(Violation) as told:
        read(reply_to(data, Then.STAYS, timeouts=QUICK))
    assert expected in told.value.finding.expected
    assert seen in told.value.finding.seen


def test_a_blocked_loop_is_told_with_its_line(meet: Meet) -> None:
    def blocks(app: FakeApp, connection: Any) -> None:
        connection.sendall(head() + event("data: one"))
        app.over.wait(DEADLINE)  # and never has said everything

    ends = meet(blocks, timeouts=QUICK, blocked_seconds=0.05)
    ends.app.stuck_at = Place("app.py", 7, "answer", "time.sleep(1)")
    response = ends.client.get("/")
    assert response.next_event().data == "one"
    with pytest.raises(Violation, match="the event loop is blocked") as told:
        response.next_event()
    assert told.value.finding.place == ends.app.stuck_at


def test_an_app_that_has_gone_is_told(meet: Meet) -> None:
    ends = meet(says(head() + event("data: one"), Then.STAYS), timeouts=QUICK)
    response = ends.client.get("/")
    assert response.next_event().data == "one"
    ends.app.alive = False
    with pytest.raises(Violation, match="the app's process exited with status 7"):
        response.next_event()


ENDLESS: dict[str, tuple[bytes, Callable[[Response], object], str]] = {
    "events": (event("data: one"), Response.events, "more than 2000 events"),
    "a line": (b"data: " + b"x" * 60_000, Response.next_event, "one that is longer"),
    "an event": (b"data: " + b"x" * 60_000 + b"\n", Response.next_event, "one that is longer"),
    "a body": (b"x" * 60_000, Response.body, "a longer one, which has not ended"),
    "chunks": (b"1\r\nx\r\n" * 10_000, Response.body, "a longer one, counted so, which has not ended"),
    "lines": (b"\n" * 60_000, Response.next_event, "one in more lines"),
    "comments": (b":\n" * 30_000, Response.next_event, "one in more lines"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_given_up(name: str, meet: Meet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PIECE", 200)  # fewer chunks are quicker sent
    piece, read, seen = ENDLESS[name]
    kind = SSE if name not in ("a body", "chunks") else "text/plain"
    framing = ["Transfer-Encoding: chunked"] if name == "chunks" else []
    ends = meet(says_endlessly(head(kind, "200 OK", *framing), piece), timeouts=QUICK, longest=DEADLINE)
    with pytest.raises(Violation) as told:
        read(ends.client.get("/"))
    assert seen in told.value.finding.seen


def test_a_long_stream_may_come_byte_by_byte(reply_to: To) -> None:
    stream = event("event: chunk", "data: " + "x" * 30) * 1000
    assert len(reply_to(chunked(*[bytes([byte]) for byte in stream])).events()) == 1000
    assert MAX_BODY > PIECE * 320_000  # bytes of the katas' longest stream


@pytest.mark.parametrize("name", ["a line", "an event", "comments"])
def test_what_a_check_has_given_up_is_told_to_laws_as_well(name: str, meet: Meet) -> None:
    piece, read, seen = ENDLESS[name]
    ends = meet(says_endlessly(head(SSE), piece), timeouts=QUICK, longest=DEADLINE)
    record = Record()
    response = Client(ends.session, record).get("/")
    (recorded,) = record.responses()
    again = partial(read, response)
    looks: list[Callable[[], object]] = [again, recorded.events, recorded.comments, recorded.faults, again]
    for look in looks:
        with pytest.raises(Violation) as told:
            look()
        assert seen in told.value.finding.seen


def test_a_heartbeat_alone_does_not_restart_the_timeout(meet: Meet) -> None:
    def ticks(app: FakeApp, connection: Any) -> None:
        connection.sendall(head())
        app.said.set()
        for iteration in range(1000):
            while app.iterations < iteration and not app.over.is_set():
                app.over.wait(0.001)
            connection.sendall(b": " + b"x" * 1024 + b"\n\n")

    with pytest.raises(Violation, match="only comments so far: the server responds to other requests"):
        meet(ticks, timeouts=QUICK).client.get("/").next_event()


@pytest.mark.parametrize("piece", [b"x" * 2048, b"data: one\n\n"], ids=["of KiB", "of events"])
def test_a_trickle_restarts_the_timeout_until_it_ends(piece: bytes, meet: Meet) -> None:
    """Twenty iterations are silence here; these hundred pieces take one each."""

    def trickles(app: FakeApp, connection: Any) -> None:
        app.said.set()
        connection.sendall(head(SSE, "200 OK", f"Content-Length: {100 * len(piece)}"))
        for iteration in range(100):
            while app.iterations < iteration and not app.over.is_set():
                app.over.wait(0.001)
            connection.sendall(piece)

    response = meet(trickles, timeouts=QUICK, longest=DEADLINE, silent_iterations=20).client.get("/")
    assert response.body() == 100 * piece


# -- time, and leaving ----------------------------------------------------------------------------------------------


def test_what_was_sent_meanwhile_is_told(reply_to: To) -> None:
    assert reply_to(b"", Then.STAYS, timeouts=QUICK).sent_meanwhile() == b""
    early = reply_to(head() + b"early", Then.STAYS, timeouts=QUICK)
    assert early.sent_meanwhile().startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("how", Disconnect)
def test_leaving_reaches_the_app_once(how: Disconnect, meet: Meet) -> None:
    seen: list[str] = []

    def listens(app: FakeApp, connection: Any) -> None:
        connection.sendall(head() + event("data: one"))
        try:
            seen.append("FIN" if connection.recv(1) == b"" else "bytes")
        except ConnectionResetError:
            seen.append("RST")
        app.said.set()

    ends = meet(listens)
    with ends.client.get("/") as response:
        response.next_event()
        response.disconnect(how)
    assert ends.app.said.wait(DEADLINE)
    assert seen == [how.value]
    left = [entry for entry in ends.session.transcript.entries() if entry.act is Act.DISCONNECTED]
    assert [entry.detail for entry in left] == [how.value]


def test_the_transcript_tells_what_arrived(meet: Meet) -> None:
    ends = meet(says(chunked(b"one", b"two")))
    ends.client.get("/").wait_for_end()
    entries = ends.session.transcript.entries()
    assert {entry.lane for entry in entries} == {Lane.CLIENT}
    assert [(entry.act, entry.data or entry.detail.encode()) for entry in entries] == [
        (Act.SENT, b"GET /"),
        (Act.HEAD, b"200 text/event-stream"),
        (Act.CHUNK, b"one"),
        (Act.CHUNK, b"two"),
        (Act.ENDED, b""),
    ]
