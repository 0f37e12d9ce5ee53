"""The client end: what leaves for the app, byte by byte, and what is noted of it."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import h11
import pytest

from grader.errors import Violation
from grader.probe.client import SLOW
from grader.probe.connection import Disconnect
from grader.protocol.transcript import Act, Lane
from grader.serving.connections import NoPort
from tests.probe.conftest import DEADLINE, FakeApp, Meet, Then, says

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def read(request: bytes) -> tuple[h11.Request, bytes]:
    """A request as a strict server reads it; nothing may be left over."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(request)
    head = server.next_event()
    assert isinstance(head, h11.Request)
    body = b""
    while isinstance(event := server.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert server.trailing_data[0] == b""
    return head, body


def sent(meet: Meet, method: str, path: str, **more: Any) -> tuple[h11.Request, bytes]:
    ends = meet(says(OK))
    assert ends.client.request(method, path, **more).status == 200
    return read(ends.app.requests[0])


def test_a_plain_request_is_as_any_client_sends_it(meet: Meet) -> None:
    head, body = sent(meet, "GET", "/generate")
    fields = dict(head.headers)
    assert (head.method, head.target, body) == (b"GET", b"/generate", b"")
    assert fields[b"host"] == b"127.0.0.1:8000"
    assert fields[b"accept"] == b"*/*"
    assert b"content-length" not in fields


def test_params_are_encoded(meet: Meet) -> None:
    params: dict[str, str | int | bool] = {"prompt": "amber otter & café=100%", "n": 3, "stream": True}
    head, _ = sent(meet, "GET", "/generate", params=params)
    assert head.target == b"/generate?prompt=amber+otter+%26+caf%C3%A9%3D100%25&n=3&stream=true"


def test_json_goes_as_json(meet: Meet) -> None:
    document = {"prompt": "“hello”\n\u2028", "steps": [1, None]}
    head, body = sent(meet, "POST", "/tasks", json=document)
    fields = dict(head.headers)
    assert json.loads(body) == document
    assert fields[b"content-type"] == b"application/json"
    assert int(fields[b"content-length"]) == len(body)


def test_content_goes_as_it_is(meet: Meet) -> None:
    content = bytes(range(256)) * 1000
    head, body = sent(meet, "POST", "/tasks", content=content, headers={"Content-Type": "x/y"})
    assert body == content
    assert dict(head.headers)[b"content-type"] == b"x/y"


def test_headers_of_a_check_stand_above_the_clients_own(meet: Meet) -> None:
    head, _ = sent(meet, "GET", "/", headers={"Accept": "text/event-stream", "Last-Event-ID": "7"})
    fields = [(name.lower(), value) for name, value in head.headers]
    assert [value for name, value in fields if name == b"accept"] == [b"text/event-stream"]
    assert (b"last-event-id", b"7") in fields


GIVEN_BACK = {
    "accents": ("é日本", "é日本".encode()),
    "white space around it": (" \t7 ", b"7"),
    "nothing": ("", b""),
    "symbols": ("a:b;c=“d”", "a:b;c=“d”".encode()),
}


@pytest.mark.parametrize("name", GIVEN_BACK)
def test_a_field_value_goes_as_a_browser_sends_it(name: str, meet: Meet) -> None:
    value, expected = GIVEN_BACK[name]
    head, _ = sent(meet, "GET", "/", headers={"Last-Event-ID": value})
    assert dict(head.headers)[b"last-event-id"] == expected


NOT_TO_BE_SENT: dict[str, dict[str, Any]] = {
    "a field with a control character": {"headers": {"Last-Event-ID": "1\x0b2"}},
    "a field with a newline": {"headers": {"Last-Event-ID": "1\r\nX: y"}},
    "a field that is no text": {"headers": {"Last-Event-ID": 7}},
    "half a character in a field": {"headers": {"Last-Event-ID": "\ud800"}},
    "half a character in a parameter": {"params": {"id": "\ud800"}},
    "half a character in JSON": {"json": {"id": "\ud800"}},
    "half a character in the path": {"path": "/\ud800"},
    "a control character in the path": {"path": "/tasks/\x01"},
    "another address": {"path": "http://example.org/tasks"},
    "a number that JSON lacks": {"json": float("inf")},
    "a long path": {"path": "/" + "x" * 100_000},
}


@pytest.mark.parametrize("name", NOT_TO_BE_SENT)
def test_what_an_app_gave_and_no_client_can_send_back_is_the_apps_failure(name: str, meet: Meet) -> None:
    ends = meet(says(OK))
    request = {"path": "/", **NOT_TO_BE_SENT[name]}
    with pytest.raises(Violation, match="values that a request can carry") as told:
        ends.client.request("POST", request.pop("path"), **request)
    assert told.value.sentence.isprintable()
    assert len(told.value.sentence) < 400
    assert ends.session.requests == []


def test_a_request_returns_before_anything_is_answered(meet: Meet) -> None:
    """The app stays silent until it has seen both requests."""
    ends = meet(says(b"", Then.STAYS))
    first, second = ends.client.get("/"), ends.client.get("/")
    first.disconnect(Disconnect.ABORT)
    second.disconnect()


def test_a_slow_client_has_a_small_receive_buffer(meet: Meet) -> None:
    ends = meet(says(OK))
    ends.client.post("/", slow=True).wait_for_end()
    ends.client.post("/").wait_for_end()
    assert ends.app.receive_buffers == [SLOW, None]
    stalled = [(entry.lane, entry.stream) for entry in ends.session.transcript.entries() if entry.act is Act.STALLED]
    assert stalled == [(Lane.CLIENT, 1)]


def test_each_request_is_noted(meet: Meet) -> None:
    ends = meet(says(OK))
    ends.client.get("/one", params={"a": "b c"})
    ends.client.post("/two", json=[1])
    entries = [entry for entry in ends.session.transcript.entries() if entry.act is Act.SENT]
    assert [(entry.lane, entry.stream, entry.detail, entry.data) for entry in entries] == [
        (Lane.CLIENT, 1, "GET /one?a=b+c", b""),
        (Lane.CLIENT, 2, "POST /two", b"[1]"),
    ]
    assert [line.split()[0] for line in ends.session.requests] == ["curl", "curl"]


def test_a_connection_that_is_refused_is_the_apps_end(meet: Meet) -> None:
    ends = meet(says(OK))
    ends.app.alive = False
    with pytest.raises(Violation, match="the app's process exited with status 7"):
        ends.client.get("/")
    assert len(ends.session.requests) == 1


def test_a_process_that_runs_and_does_not_accept_is_not_said_to_have_ended(
    meet: Meet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = meet(says(OK))

    def is_full(*, receive_buffer: int | None = None) -> socket.socket:
        raise TimeoutError

    monkeypatch.setattr(ends.app, "connect", is_full)
    with pytest.raises(Violation, match="the app does not accept connections"):
        ends.client.get("/")


def test_an_app_that_has_taken_the_ports_of_its_network_fails_by_that(
    meet: Meet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = meet(says(OK))

    def is_full(*, receive_buffer: int | None = None) -> socket.socket:
        raise NoPort

    monkeypatch.setattr(ends.app, "connect", is_full)
    with pytest.raises(Violation, match="the app has taken all ports of its network"):
        ends.client.get("/")


def test_replies_are_hung_up_when_the_check_is_over(meet: Meet) -> None:
    asked, gone = threading.Event(), threading.Event()

    def listens(app: FakeApp, connection: socket.socket) -> None:
        asked.set()
        with pytest.raises(ConnectionResetError):
            connection.recv(100)
        gone.set()

    ends = meet(listens)
    ends.client.get("/")
    assert asked.wait(DEADLINE)
    ends.session.close()
    assert gone.wait(DEADLINE)
