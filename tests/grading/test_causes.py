"""What the app raised comes first: in the headline, with its line, and in the hint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.errors import Violation
from grader.grading.causes import hint, sentence
from grader.grading.verdict import verdict
from grader.grading.wording import worded
from grader.model import Check, Finding, Place, Raised, WhenSeen
from tests.tiny import write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade

PLACE = Place("app.py", 7, "generate", "return chunks")

SPEC = """
    @check(points=1, requirement="a response")
    def test_is_right(client: Client, upstream: Upstream) -> None:
        \"\"\"it is right\"\"\"
        upstream.give_all(["one"])
        response = client.get("/generate", params={"prompt": upstream.key})
        assert response.status == 200, "status"
        assert response.json() == {"chunks": ["one"]}, "chunks"
"""
APP = """
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import StreamingResponse
    from grader.kit import upstream

    app = FastAPI()

    async def collect(prompt):
        return {{"chunks": [chunk async for chunk in upstream(prompt)]}}

    async def refusing():
        yield "{{"
        raise HTTPException(502)

    async def items():
        yield "{{"
        raise KeyError("chunk")

    @app.{verb}("{path}")
    async def generate(prompt: str, {more}):
        print("asked for", len(prompt) > 1)
        {body}
"""
BUGS = {
    "a name that is not there": (
        "return colect(prompt)",
        "NameError: name 'colect' is not defined in app.py:",
        "spelling",
    ),
    "a missing await": (
        "return collect(prompt)",
        "returned 'coroutine', of which FastAPI cannot make JSON (an `await` is missing) in app.py:",
        "was not awaited",
    ),
    "a generator that is returned": (
        "return {'chunks': items()}",
        "cannot make JSON (a generator is not a value or a response) in app.py:",
        "`async for`",
    ),
    "a plain loop over the upstream": (
        "return {'chunks': [chunk for chunk in upstream(prompt)]}",
        "TypeError: 'Items' object is not iterable (`async for` is needed) in app.py:",
        "upstream() is asynchronous",
    ),
    "an HTTPException in the stream": (
        "return StreamingResponse(refusing())",
        "but response already started (the status had been sent before it) in app.py:",
        "The status was sent before the error came.",
    ),
    "a key": ("return {}['chunks']", "KeyError: 'chunks' in app.py:", "The key is not there"),
    "an error in the stream": ("return StreamingResponse(items())", "KeyError: 'chunk' in app.py:", "The key"),
    "an error of its own": ("raise ValueError('no\\\\x1b[31m')", "ValueError: no", "Fix this line first"),
}


@pytest.mark.parametrize("name", BUGS)
def test_an_error_is_the_first_thing_that_is_said(name: str, tmp_path: Path, grade: Grade) -> None:
    body, words, helps = BUGS[name]
    app = APP.format(verb="get", path="/generate", more="", body=body)
    done = grade(write_kata(tmp_path, SPEC, app=app, hints={"is_right": ["its own"]}), json_report=True)
    (check,) = done.report["checks"]
    finding = check["finding"]
    assert finding["headline"].startswith("The app raised ")
    assert words in finding["headline"]
    assert finding["headline"].isprintable()
    assert "expected: " in finding["headline"] or "let the stream end normally" in finding["headline"]
    assert helps in finding["hint"]
    assert check["printed"].startswith("asked for True\n")
    assert check["raised"]["headline"].partition(":")[0] in check["printed"]


#: As Starlette and uvicorn do it, but slower: first a response of 500, and then the error.
SENDS_FIRST = """
import time

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})
        time.sleep(0.2)
        raise KeyError("chunks")
"""


def test_an_error_that_is_told_after_its_response_is_heard(tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, SPEC, app=SENDS_FIRST, hints={"is_right": ["its own"]}), json_report=True)
    assert done.report["checks"][0]["finding"]["headline"].startswith("The app raised KeyError: 'chunks'")


OTHERS = {
    "another path": ("get", "/gen", "", "There is no GET /generate: the app has GET /gen. So: "),
    "another method": (
        "post",
        "/generate",
        "",
        "The app has a route for /generate, but for POST and not for GET. So: ",
    ),
    "a path with a slash more": (
        "get",
        "/generate/",
        "",
        "The app redirects GET /generate to http://127.0.0.1:8000/generate/?prompt=",
    ),
    "a field more": ("get", "/generate", "steps: int", "refuses this request: query steps: field required. So: "),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_refusal_by_the_framework_is_explained(name: str, tmp_path: Path, grade: Grade) -> None:
    verb, path, more, helps = OTHERS[name]
    app = APP.format(verb=verb, path=path, more=more, body="return await collect(prompt)")
    done = grade(write_kata(tmp_path, SPEC, app=app, hints={"is_right": ["its own"]}), json_report=True)
    assert helps in done.report["checks"][0]["finding"]["headline"] + "."
    assert done.report["checks"][0]["raised"] is None


def test_a_failed_pull_that_nothing_caught_keeps_the_hint_of_the_check() -> None:
    raised = Raised("UpstreamError: the upstream is out of order", (PLACE,))
    assert hint(raised) == hint(None) == ""
    assert sentence(raised) == (
        "the app raised UpstreamError: the upstream is out of order in app.py:7, “return chunks”"
    )
    assert sentence(Raised("KeyError: 1.")) == "the app raised KeyError: 1"


def test_what_an_error_means_is_said_where_its_own_words_do_not() -> None:
    pydantic = "PydanticSerializationError: Unable to serialize unknown type: <class 'coroutine'>"
    where = "in app.py:7, “return chunks”"
    assert sentence(Raised(pydantic, (PLACE,))) == f"the app raised {pydantic} (an `await` is missing) {where}"
    assert sentence(Raised("KeyError: 'coroutine'", (PLACE,))) == f"the app raised KeyError: 'coroutine' {where}"
    assert hint(Raised(pydantic.replace("coroutine", "Thing"))).startswith("FastAPI cannot make JSON of the value")


@pytest.mark.parametrize("words", ["UpstreamError: 'coroutine' object", "ValueError"])
def test_long_words_of_an_error_leave_room_for_its_place(words: str) -> None:
    raised = Raised(f"{words} {'long ' * 99}", (Place("app.py", 7, "generate", "x" * 400),))
    headline = worded(Finding("so", "not so"), cause=sentence(raised)).headline
    assert headline.startswith(f"The app raised {words} long long")
    assert f"… in app.py:7, “{'x' * 100}…”. So: " in headline


@pytest.mark.parametrize(
    ("headline", "helps"),
    [
        ("The response has ended: the stream ended before a blank line ended its last event", "two end an event"),
        ('A blank line follows "event: result" before any data, so a browser drops that event', "are one event"),
        ("status: 200; expected: 502", ""),
    ],
)
def test_a_fault_of_a_response_has_a_hint_of_its_own(headline: str, helps: str) -> None:
    check = Check("c", "c holds", 1, ("its own",), when=(WhenSeen("^never", "no"),))
    _, found = verdict(check, Violation(expected="so", seen="not so", sentence=headline))
    assert found is not None
    assert (helps or "its own") in found.hint
    closer = replace(check, when=(WhenSeen("^(The|A|Status) ?", "closer"),))
    for statuses in ({}, {501: "It is not written yet. Write it."}):
        _, found = verdict(closer, Violation(expected="so", seen="not so", sentence=headline), hints=statuses)
        assert found is not None
        assert found.hint == "closer"
        assert found.headline.startswith("It is not") is bool(statuses)


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        ("RuntimeError: async generator raised StopAsyncIteration", "asyncio.wait() cancels nothing"),
        ("StopAsyncIteration", "anext(items, None) returns None"),
        ("RuntimeError: one pull at a time: this stream is still waiting for the item of the pull before", "Keep it"),
        ("RuntimeError: asyncio.run() cannot be called from a running event loop", "write `await`"),
    ],
)
def test_errors_of_those_who_wait_in_another_way_have_hints_of_their_own(error: str, helps: str) -> None:
    assert helps in hint(Raised(error, (PLACE,)))


def test_an_error_without_a_line_of_the_learners_is_not_called_a_line() -> None:
    assert hint(Raised("OSError: no", (PLACE,))).startswith("Fix this line first")
    assert hint(Raised("OSError: no")).startswith("Fix this first")
