"""The served page: who may read it, what it sends, and the event stream, as an independent reader reads it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import httpx_sse
import pytest

from grader.learner.watch.board import Board
from grader.learner.watch.served import ServedPage, make_app, stream
from grader.learner.watch.state import State
from grader.pool.news import Progress
from grader.protocol.sse import Comment, Event, EventStreamReader
from tests.conftest import DEADLINE
from tests.learner.watch.reports import report

BEGUN = State().started()


@pytest.fixture
def board() -> Board:
    board = Board()
    board.begin("Kata 77: Small echo")
    board.show(BEGUN)
    return board


@pytest.fixture
def served(board: Board) -> Iterator[ServedPage]:
    with ServedPage(board) as served:
        yield served


def get(address: str, **fields: str) -> httpx.Response:
    return httpx.get(address, headers=fields, timeout=DEADLINE, trust_env=False)


def test_the_page_and_its_script_are_there_for_who_has_the_address(board: Board, served: ServedPage) -> None:
    board.show(BEGUN.graded(report("pf")))
    page = get(served.address)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Small echo" in page.text
    assert '<script src="live.js" defer></script>' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    script = get(f"{served.address}live.js")
    assert (script.status_code, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "EventSource" in script.text


@pytest.mark.parametrize("path", ["", "wrong/", "wrong/events", "wrong/live.js", "events", "openapi.json", "docs"])
def test_without_its_token_nothing_is_found(path: str, served: ServedPage) -> None:
    parts = urlsplit(served.address)
    assert get(f"http://{parts.netloc}/{path}").status_code == 404


def test_only_this_machine_can_connect_and_only_by_its_own_name(served: ServedPage) -> None:
    parts = urlsplit(served.address)
    assert parts.hostname == "127.0.0.1"
    assert get(served.address, host=f"evil.example:{parts.port}").status_code == 400
    assert get(served.address, host=f"localhost:{parts.port}").status_code == 200


def test_the_token_of_each_watch_is_another_long_one(board: Board) -> None:
    with ServedPage(board) as one, ServedPage(board) as other:
        tokens = {urlsplit(page.address).path.strip("/") for page in (one, other)}
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)


def test_a_port_can_be_chosen_if_it_is_free(board: Board) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            ServedPage(board, port=port)
    with ServedPage(board, port=port) as page:
        assert urlsplit(page.address).port == port


def test_each_news_is_an_event_and_the_end_of_the_watch_is_the_last(board: Board) -> None:
    with (
        ServedPage(board) as served,
        httpx.Client(timeout=DEADLINE, trust_env=False) as client,
        httpx_sse.connect_sse(client, "GET", f"{served.address}events") as source,
    ):
        events = (event for event in source.iter_sse() if event.data)  # it makes one of `retry` alone, too
        first = next(events)
        assert (first.event, first.json()["now"], first.retry) == ("grading", "Run 1: the app is starting.", None)
        board.show(replace(BEGUN, progress=Progress(1, 2)))
        assert next(events).json()["now"] == "Run 1: 1 of 2 checks."
        board.show(BEGUN.graded(report("pf")))
        last = next(events)
        assert (last.event, last.id) == ("graded", str(board.notice.number))
        assert last.json()["report"] == board.notice.report
        board.close()
        assert next(events).event == "ended"
        assert list(events) == []


def test_after_a_break_only_what_is_newer_is_sent(board: Board, served: ServedPage) -> None:
    board.show(BEGUN.graded(report("pf")))
    known = str(board.notice.number)
    with httpx.stream(
        "GET", f"{served.address}events", headers={"last-event-id": known}, timeout=DEADLINE, trust_env=False
    ) as response:
        lines = response.iter_lines()
        assert next(lines) == "retry: 1000"
        board.show(BEGUN.graded(report("pf")).started())
        assert [next(lines), next(lines)] == ["", f"id: {int(known) + 1}"]


def test_the_stream_is_well_formed_and_bridges_silence_with_comments(board: Board) -> None:
    async def some() -> AsyncIterator[str]:
        async for part in stream(board, -1, 0.001):
            yield part
            if part.startswith(":"):
                board.close()

    async def collect() -> str:
        return "".join([part async for part in some()])

    reader = EventStreamReader()
    found = [*reader.feed(asyncio.run(collect()).encode()), *reader.close()]
    events = [each for each in found if isinstance(each, Event)]
    assert [event.type for event in events] == ["grading", "ended"]
    assert json.loads(events[0].data)["report"] == board.notice.report
    assert any(isinstance(each, Comment) for each in found)
    assert reader.faults == ()


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 5000, "١"])
def test_a_last_event_id_of_any_kind_does_no_harm(value: str, board: Board) -> None:
    board.close()

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(board, "token"))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/token/events", headers=[(b"last-event-id", value.encode())])

    assert asyncio.run(ask()).text.endswith("event: ended\ndata: {}\n\n")
