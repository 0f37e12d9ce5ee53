"""What a response that does not go on is told to wait for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tiny import app_with, write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade

SPEC = """
    @check(points=1)
    def test_one(client: Client, upstream: Upstream) -> None:
        \"""an event comes\"""
        response = client.get("/", params={"key": upstream.key})
        upstream.give("one")
        GIVES
        response.next_event()
"""
APP = """
    from urllib.parse import unquote

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        items = upstream(unquote(scope["query_string"].decode()).partition("=")[2].replace("+", " "))
        WAITS_BEFORE
        await anext(items)
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        WAITS_THEN
        await anext(items, None)
        await asyncio.Event().wait()
"""
WAITS = "await asyncio.Event().wait()"


@pytest.mark.parametrize(
    ("place", "seen"),
    [
        ("WAITS_BEFORE", "the app has not opened an upstream connection"),
        ("WAITS_THEN", "the app has 1 item from the upstream and has not pulled the next one"),
    ],
)
def test_where_the_app_itself_keeps_the_request_the_hint_says_so(
    place: str, seen: str, tmp_path: Path, grade: Grade
) -> None:
    finding = _finding(tmp_path, grade, app=APP.replace(place, WAITS), gives="pass")
    assert seen in finding["headline"]
    assert "Something in the app makes it wait: a sleep, a lock, a semaphore" in finding["hint"]


SERIAL_SPEC = """
    @check(points=1)
    def test_one(client: Client, upstream: Upstream) -> None:
        \"""an event comes while another stream waits for its item\"""
        held = upstream.another()
        client.get("/", params={"key": held.key})
        held.wait_for_pull()
        response = client.get("/", params={"key": upstream.key})
        upstream.give("one")
        response.next_event()
"""
ONE_AT_A_TIME = "await globals().setdefault('lock', asyncio.Lock()).acquire()"


@pytest.mark.parametrize(
    ("app", "seen"),
    [
        (APP.replace("WAITS_BEFORE", ONE_AT_A_TIME), "has not opened an upstream connection while another request"),
        (APP.replace("WAITS_THEN", WAITS), "has 1 item from the upstream and has not pulled the next one"),
    ],
    ids=["before it opens the upstream", "after its first item"],
)
def test_where_another_request_is_held_the_hint_is_about_that_one(
    app: str, seen: str, tmp_path: Path, grade: Grade
) -> None:
    kata = write_kata(
        tmp_path, SERIAL_SPEC, app=app_with(app.replace("WAITS_BEFORE", "pass").replace("WAITS_THEN", "pass"))
    )
    finding = grade(kata, json_report=True).report["checks"][0]["finding"]
    assert seen in finding["headline"]
    assert "until the other one is over: a lock, a semaphore" in finding["hint"]


ASKS_AGAIN = """
    @check(points=1)
    def test_first(client: Client, upstream: Upstream) -> None:
        \"""a first request\"""
        client.get("/", params={"key": "unheard-of"}).wait_for_end()

    @check(points=1)
    def test_one(client: Client, upstream: Upstream) -> None:
        \"""an event comes\"""
        client.get("/", params={"key": upstream.key}).next_event()
"""
ONCE = """
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        if b"unheard-of" not in scope["query_string"]:
            await asyncio.Event().wait()
        try:
            await anext(upstream("unheard-of"))
        except UpstreamError:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
"""


def test_what_another_check_has_asked_for_is_no_cause_in_this_one(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, ASKS_AGAIN, app=app_with(ONCE)), json_report=True)
    finding = done.report["checks"][1]["finding"]
    assert "unheard-of" not in finding["headline"]
    assert "Something in the app makes it wait: a sleep, a lock" in finding["hint"]


def test_after_the_upstreams_end_the_checks_own_hint_is_the_one(tmp_path: Path, grade: Grade) -> None:
    finding = _finding(tmp_path, grade, app=APP, gives="upstream.end()")
    assert "the app has 1 item from the upstream and has not pulled the next one" in finding["headline"]
    assert finding["hint"] == "Send what you have."


def _finding(folder: Path, grade: Grade, *, app: str, gives: str) -> dict[str, str]:
    source = app_with(app.replace("WAITS_BEFORE", "pass").replace("WAITS_THEN", "pass"))
    kata = write_kata(folder, SPEC.replace("GIVES", gives), app=source, hints={"one": ["Send what you have."]})
    done = grade(kata, json_report=True)
    found: dict[str, str] = done.report["checks"][0]["finding"]
    return found
