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
    assert "Something in the app makes it wait: a lock, a semaphore" in finding["hint"]


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
