"""What a client does with a connection: leave, send slowly, and come again; and an app that is started again."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

import pytest

from grader.errors import BadKata, Violation
from grader.grading.rig import Rig
from grader.probe.client import Client
from grader.probe.response import Response
from grader.probe.session import Session
from grader.probe.upstream import Upstream
from grader.protocol.transcript import Act
from grader.serving.launch import Launch
from tests.probe.bodies import chunked, event, head, sized
from tests.probe.conftest import FakeApp, Meet, Then, says

#: Numbers its events by what it remembers, and resumes after Last-Event-ID; says what it has read of a body.
APP = """
    import asyncio
    from pathlib import Path
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route
    from grader.kit import upstream

    kept = []
    noticed = []
    if Path("broken").exists():
        raise RuntimeError("cannot start twice")

    async def events(key, first):
        try:
            number = -1
            async for item in upstream(key):
                number += 1
                if number >= first:
                    yield f"id: {number}\\ndata: {item}\\n\\n"
        finally:
            noticed.append(key)

    async def stream(request):
        last = request.headers.get("last-event-id")
        first = 0 if last is None else int(last) + 1
        return StreamingResponse(events(request.query_params["key"], first), media_type="text/event-stream")

    async def leavers(request):
        return PlainTextResponse(str(len(noticed)))

    async def count(request):
        kept.append(1)
        return PlainTextResponse(str(len(kept)))

    async def upload(request):
        kept.append(1)
        return PlainTextResponse(str(len(await request.body())))

    async def parts(request):
        return PlainTextResponse(" ".join([str(len(part)) async for part in request.stream() if part]))

    async def caller(request):
        return PlainTextResponse(str(request.client.port), headers=dict(request.query_params))

    async def breaks(request):
        Path("broken").touch()
        return PlainTextResponse("")

    app = Starlette(routes=[
        Route("/stream", stream), Route("/leavers", leavers), Route("/count", count), Route("/breaks", breaks),
        Route("/caller", caller), Route("/upload", upload, methods=["POST"]), Route("/parts", parts, methods=["POST"]),
    ])
"""


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("app")
    file = folder / "app.py"
    file.write_text(textwrap.dedent(APP), "utf-8")
    monkeypatch.chdir(folder)
    with Rig(Launch(file), seed="a seed") as found:
        found.wait_until_ready()
        yield found


@pytest.fixture
def session(rig: Rig, request: pytest.FixtureRequest) -> Iterator[Session]:
    found = rig.session(request.node.name, request.path.parent)
    yield found
    found.close()


@pytest.fixture
def client(session: Session) -> Client:
    return Client(session)


# -- leaving ----------------------------------------------------------------------------------------------------------


def test_an_app_that_has_noticed_the_disconnect_has_acted(client: Client, session: Session) -> None:
    upstream = Upstream(session)
    with client.get("/stream", params={"key": upstream.key}) as response:
        upstream.give("one")
        response.next_event()
        upstream.wait_for_pull(2)
    response.wait_until_noticed()
    assert client.get("/leavers").body() == b"1"
    assert upstream.pulls == 2  # nothing was given for that


def test_only_a_client_that_has_left_can_be_noticed(meet: Meet) -> None:
    response = meet(says(head(), Then.STAYS)).client.get("/")
    with pytest.raises(BadKata, match="comes after disconnect"):
        response.wait_until_noticed()


def test_an_app_that_has_ended_notices_nothing(meet: Meet) -> None:
    ends = meet(says(head(), Then.CLOSES))
    response = ends.client.get("/")
    response.disconnect()
    ends.app.alive = False
    with pytest.raises(Violation, match="exited with status 7"):
        response.wait_until_noticed()


# -- sending slowly ---------------------------------------------------------------------------------------------------


def test_the_end_of_a_body_can_be_kept_back(client: Client) -> None:
    with client.post("/upload", content=b"twelve bytes", hold_back=5) as slow:
        assert slow.sent_meanwhile() == b""
        assert client.get("/count").body() == b"2"  # the app was at work on both
        slow.send_rest()
        slow.send_rest()
        assert slow.body() == b"12"


def test_the_app_sees_the_first_part_before_the_end_is_sent(client: Client) -> None:
    for _ in range(20):
        with client.post("/parts", content=b"twelve bytes", hold_back=5) as slow:
            slow.send_rest()
            assert slow.body() == b"7 5"


def test_a_body_in_chunks_can_come_in_parts(client: Client) -> None:
    headers = {"Transfer-Encoding": "chunked"}
    with client.post("/parts", content=b"twelve bytes", headers=headers, hold_back=5) as slow:
        slow.send_rest()
        assert slow.body() == b"7 5"


def test_no_more_than_the_body_is_kept_back(meet: Meet) -> None:
    ends = meet(says(sized(b"")))
    response = ends.client.post("/", content=b"abc", hold_back=99)
    response.send_rest()
    assert response.status == 200
    assert ends.app.requests[0].endswith(b"\r\n\r\nabc")


# -- coming again -----------------------------------------------------------------------------------------------------


def asked_with(app: FakeApp) -> list[str]:
    """The Last-Event-ID of each request, or "-" without one."""
    fields = [
        dict(line.split(": ", 1) for line in asked.decode().splitlines() if ": " in line) for asked in app.requests
    ]
    return [{name.lower(): value for name, value in each.items()}.get("last-event-id", "-") for each in fields]


def test_a_stream_is_resumed_after_the_last_event_that_was_taken(client: Client, session: Session) -> None:
    upstream = Upstream(session)
    upstream.give(*"abcd")
    with client.get("/stream", params={"key": upstream.key}) as first:
        assert [first.next_event().data for _ in range(2)] == ["a", "b"]
        upstream.wait_for_pull(5)
        upstream.rewind()
        upstream.end()
        again = first.reconnect()
    with again:
        assert [(event.id, event.data) for event in again.events()] == [("2", "c"), ("3", "d")]
    assert upstream.openings == 2


def test_a_client_of_http_1_0_reads_a_stream_until_it_is_closed(client: Client, session: Session) -> None:
    upstream = Upstream(session)
    upstream.give_all("ab")
    response = client.get("/stream", params={"key": upstream.key}, http10=True)
    assert [event.data for event in response.events()] == ["a", "b"]
    assert "transfer-encoding" not in response.headers
    assert "--http1.0" in session.requests[0]
    assert client.get("/count", reuse=response).status == 200


def test_what_a_browser_keeps_of_a_response_is_known(meet: Meet) -> None:
    ends = meet(says(sized(b"", "", "200 OK", "Set-Cookie: a=1; Path=/", 'ETag: "7"')))
    assert ends.client.get("/").kept() == {"Cookie": b"a=1", "If-None-Match": b'"7"'}


def test_a_request_can_go_on_a_connection_that_is_there(client: Client, session: Session) -> None:
    first = client.get("/caller")
    ports = [first.body()]
    second = client.get("/caller", reuse=first)
    with second:
        ports.append(second.body())
        third = client.request("GET", "/caller", reuse=second)
    assert {*ports, third.body()} == {ports[0]}
    assert client.get("/caller").body() != ports[0]
    url = "http://127.0.0.1:8000/caller"
    assert session.requests[2] == f"curl -N {url} --next -N {url} --next -N {url}"
    said = [entry.detail for entry in session.transcript.entries() if entry.act is Act.SENT]
    assert said[:2] == ["GET /caller", "GET /caller, on the connection of request 1"]


def test_whoever_is_done_with_a_connection_does_not_close_it(client: Client) -> None:
    with client.get("/caller") as first:
        ports = {first.body()}
        second = client.get("/caller", reuse=first)
    first.disconnect()
    assert {second.body()} == ports


def closes(client: Client) -> Response:
    response = client.get("/caller", params={"Connection": "keep-alive, Close"})
    response.wait_for_end()
    return response


def left(client: Client) -> Response:
    with client.get("/caller") as response:
        response.wait_for_end()
    return response


def not_read(client: Client) -> Response:
    return client.get("/caller")


@pytest.mark.parametrize("before", [closes, left, not_read])
def test_a_connection_that_can_carry_no_more_is_not_used_again(
    before: Callable[[Client], Response], client: Client, session: Session
) -> None:
    response = before(client)
    assert client.get("/caller", reuse=response).status == 200
    assert "--next" not in session.requests[1]


def test_a_slow_client_has_a_connection_of_its_own(client: Client, session: Session) -> None:
    first = client.get("/caller")
    first.wait_for_end()
    assert client.post("/upload", content=b"abc", slow=True, reuse=first).body() == b"3"
    assert "--next" not in session.requests[1]


IDS = {
    "none": (event("data: 1"), "-"),
    "one": (event("id: 7", "data: 1"), "7"),
    "one with accents": (event("id: é1", "data: 1"), "é1"),
    "one with a space": (event("id: 3 ", "data: 1"), "3"),
    "one that was taken back": (event("id: 7", "data: 1") + event("id", "data: 2"), "-"),
    "one that stays": (event("id: 7", "data: 1") + event("data: 2"), "7"),
    "one after the last event": (event("id: 7", "data: 1") + event("id: 8"), "8"),
}


@pytest.mark.parametrize("name", IDS)
def test_the_last_event_id_is_an_event_sources(name: str, meet: Meet) -> None:
    body, expected = IDS[name]
    ends = meet(says(chunked(body)))
    response = ends.client.get("/", headers={"Accept": "text/event-stream"})
    response.events()
    again = response.reconnect()
    assert again.status == 200
    assert asked_with(ends.app) == ["-", expected]
    assert b"Accept: text/event-stream" in ends.app.requests[1]


def test_an_id_outlives_a_stream_without_ids(meet: Meet) -> None:
    ends = meet(says(chunked(event("data: 1"))))
    response = ends.client.post("/", json={"a": 1}, headers={"Last-Event-ID": "7"}).reconnect().reconnect()
    assert response.status == 200
    assert asked_with(ends.app) == ["7", "7", "7"]
    assert {asked.partition(b"\r\n\r\n")[2] for asked in ends.app.requests} == {b'{"a":1}'}


@pytest.mark.parametrize("answer", [head("text/plain"), head(status="204 No Content")], ids=["another type", "204"])
def test_where_an_event_source_gives_up_there_is_no_second_request(answer: bytes, meet: Meet) -> None:
    ends = meet(says(answer))
    with pytest.raises(Violation, match="200 text/event-stream"):
        ends.client.get("/").reconnect()


def test_a_field_can_be_bytes(meet: Meet) -> None:
    ends = meet(says(sized(b"")))
    assert ends.client.get("/", headers={"X-Raw": b"\xe9 7"}).status == 200
    assert b"X-Raw: \xe9 7\r\n" in ends.app.requests[0]


# -- the upstream -----------------------------------------------------------------------------------------------------


def test_an_upstream_can_be_read_again_from_any_item(client: Client, session: Session) -> None:
    upstream = Upstream(session)
    upstream.give_all("abcd")
    assert len(client.get("/stream", params={"key": upstream.key}).events()) == 4
    upstream.rewind(2)
    assert [event.data for event in client.get("/stream", params={"key": upstream.key}).events()] == ["c", "d"]
    assert upstream.openings == 2


def test_two_connections_with_one_key_share_one_queue(client: Client, session: Session) -> None:
    upstream = Upstream(session)
    upstream.give("a", "b")
    first = client.get("/stream", params={"key": upstream.key})
    assert [first.next_event().data for _ in range(2)] == ["a", "b"]
    upstream.wait_for_pull(3)
    second = client.get("/stream", params={"key": upstream.key})
    upstream.wait_for_pull(4)
    upstream.give("c", "d")
    assert (first.next_event().data, second.next_event().data) == ("c", "d")


# -- a new process ----------------------------------------------------------------------------------------------------


def test_an_app_that_is_started_again_has_forgotten_all(client: Client, session: Session, rig: Rig) -> None:
    assert [client.get("/count").body() for _ in range(2)] == [b"1", b"2"]
    client.restart_app()
    assert client.get("/count").body() == b"1"
    assert session.app is rig.app
    assert rig.reboots == 0  # which a report counts as crashes


def test_an_app_that_does_not_start_again_has_failed(client: Client) -> None:
    client.get("/breaks").wait_for_end()
    with pytest.raises(Violation, match="raises RuntimeError while it is imported: cannot start twice"):
        client.restart_app()
