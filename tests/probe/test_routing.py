"""Hints for statuses that come from routing."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.probe.routing import routing_hint
from grader.protocol.http1 import Head
from tests.conftest import Grade
from tests.tiny import app_with, write_kata


def head(status: int, **fields: str) -> Head:
    return Head(status, tuple(fields.items()))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (head(404), "The app has no route for GET /generate."),
        (head(405, allow="POST"), "The app has a route for /generate, but for POST and not for GET."),
        (head(405), "but for other methods and not for GET."),
        (head(307, location="/generate/"), "The app redirects GET /generate to /generate/, and the client does not"),
        (head(302), "The app redirects GET /generate to nowhere"),
        (head(501), "GET /generate is not written yet: the app responds with 501, Not Implemented. Write what"),
        (head(404, location="\x1b[31m"), "The app has no route"),
    ],
)
def test_a_status_that_comes_from_routing_has_a_hint(answer: Head, hint: str) -> None:
    assert hint in routing_hint(answer, method="GET", path="/generate")


@pytest.mark.parametrize("status", [200, 204, 304, 400, 422, 500, 502])
def test_any_other_status_has_none(status: int) -> None:
    assert routing_hint(head(status, location="/elsewhere"), method="GET", path="/generate") == ""


def test_what_an_app_sends_is_escaped() -> None:
    assert "\x1b" not in routing_hint(head(307, location="\x1b[31m"), method="GET", path="/\x1b")


SPEC = """
    @check(points=1, requirement="a response")
    def test_is_found(client: Client) -> None:
        \"\"\"it is there\"\"\"
        assert client.get("/generate").status == 200


    @check(points=1, requirement="a response")
    def test_is_not_found(client: Client) -> None:
        \"\"\"it is not there, and says why\"\"\"
        response = client.get("/unknown")
        assert (response.status, response.body()) == (404, b"why")
"""
APP = """
    async def more(path, answer):
        await answer(b"no", status=404)
        return True
"""


def test_the_hint_comes_before_the_checks_own_unless_the_status_was_expected(tmp_path: Path, grade: Grade) -> None:
    hints = {"is_found": ["its own"], "is_not_found": ["its own"]}
    done = grade(write_kata(tmp_path, SPEC, app=app_with(APP), hints=hints), json_report=True)
    first, second = [check["finding"] for check in done.report["checks"]]
    assert first["headline"].startswith("The app has no route for GET /generate. So: ")
    assert first["hint"].startswith("Compare method and path")
    assert second["hint"] == "its own"
