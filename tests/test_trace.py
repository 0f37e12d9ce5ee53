"""`grade trace`: one request live, with both ends, and a client that can misbehave."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from grader.cli.trace import Screen
from grader.protocol.transcript import Act, Entry, Lane
from tests.small_kata import NAME, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade, Graded

STREAMING = """
    import asyncio
    from fastapi import FastAPI, Request
    from fastapi.responses import StreamingResponse
    from grader.kit import UpstreamError, upstream

    app = FastAPI()

    @app.api_route("/echo", methods=["GET", "POST"])
    async def echo(request: Request, key: str = ""):
        key = key or (await request.body()).decode()

        async def items():
            try:
                async for item in upstream(key):
                    yield f"data: {item}\\n\\n"
            except UpstreamError as error:
                yield f"event: error\\ndata: {error}\\n\\n"

        headers = {"x-asked-as": request.headers.get("x-as", "")}
        return StreamingResponse(items(), media_type="text/event-stream", headers=headers)

    @app.get("/ahead")
    async def ahead(key: str):
        queue = asyncio.Queue()

        async def fill():
            async for item in upstream(key):
                queue.put_nowait(item)
            queue.put_nowait(None)

        async def items():
            filling = asyncio.create_task(fill())
            while (item := await queue.get()) is not None:
                yield item
            await filling

        return StreamingResponse(items(), media_type="text/plain")

    @app.get("/nothing")
    async def nothing():
        await asyncio.Event().wait()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_kata(tmp_path)
    write(tmp_path / "katas" / NAME / "app.py", STREAMING)
    return tmp_path


UNORDERED = (
    "≈ the app sent this, and something on its other connection, at almost the same time: which of the two came first "
    "cannot be seen from outside."
)


def sentences(done: Graded) -> str:
    """The result: everything outside the lanes."""
    outside = [line for line in done.out.splitlines() if not re.match(r"[ \d.]{8}[ ≈][│┆]|      ms", line)]
    return " ".join(" ".join(outside).split()).removeprefix(UNORDERED).strip()


def rows(done: Graded) -> list[str]:
    """The words of each row, without clock, lanes and arrows."""
    lines = (line[9:] for line in done.out.splitlines() if re.match(r"[ \d.]{8}[ ≈]│", line))
    return [" ".join(re.sub("[│─►◄]+", " ", line).split()) for line in lines]


def test_a_request_is_shown_with_its_fields_chunks_and_pulls(folder: Path, grade: Grade) -> None:
    done = grade("trace", "77", "/echo?key=fail-after-1", "-H", "x-as: a guest", cwd=folder, COLUMNS="120")
    assert (done.code, done.err) == (0, "")
    seen = rows(done)
    assert seen[0] == "GET /echo?key=fail-after-1"
    fields = seen.index("x-asked-as: a guest")
    order = [
        "opens “fail-after-1”",
        "pull 1",
        "item “Here”",
        "pull 2",
        "fails: the stand-in was asked to fail",
        "closes the connection",
    ]
    assert [row for row in seen if row in order] == order
    assert "200 text/event-stream" in seen[:fields]
    assert seen.index("data: Here\\n\\n") > fields
    assert seen[-1] in ("end of the response", "closes the connection")
    assert re.fullmatch(r"2 chunks, \d+ bytes of body\.", sentences(done))


def test_a_body_makes_it_a_post(folder: Path, grade: Grade) -> None:
    done = grade("trace", "77", "echo", "--json", "empty", cwd=folder, COLUMNS="120")
    assert rows(done)[0] == "POST /echo empty"
    assert "opens “empty”" in rows(done)
    assert "no more items" in rows(done)


def test_another_module_can_be_traced(folder: Path, grade: Grade) -> None:
    app = write(folder / "mine.py", STREAMING.replace("/echo", "/mine"))
    done = grade("trace", "77", "/mine?key=empty", "--app", str(app), cwd=folder)
    assert "404" not in done.out
    assert done.code == 0


@pytest.mark.parametrize(("options", "how"), [([], "FIN"), (["--abort"], "RST")])
def test_the_client_can_leave_early(options: list[str], how: str, folder: Path, grade: Grade) -> None:
    done = grade("trace", "77", "/echo?key=tea", "--disconnect-after", "2", *options, cwd=folder)
    assert done.code == 0
    seen = rows(done)
    left = seen.index(f"disconnects ({how})")
    assert len([row for row in seen[:left] if row.startswith("data:")]) >= 2
    assert "closes the connection" in seen[left:]
    assert re.search(
        r"After the disconnect the app asked for [01] more items?, and it closed its upstream connection",
        sentences(done),
    )


def test_the_upstream_can_hold_its_items_back(folder: Path, grade: Grade) -> None:
    done = grade("trace", "77", "/echo?key=tea", "--hold", "1", "--for", "0.8", cwd=folder)
    seen = rows(done)
    assert [row for row in seen if row.startswith("item")] == ["item “Here”"]
    assert "pull 2" in seen
    assert "disconnects (FIN)" in seen


def test_the_upstream_gives_what_the_kata_says(folder: Path, grade: Grade) -> None:
    write(folder / "katas" / NAME / "stand-in.txt", "12\n7\n")
    done = grade("trace", "77", "/echo?key=tea", "--for", "5", cwd=folder)
    assert [row for row in rows(done) if row.startswith("item")] == ["item “12”", "item “7”"]


def test_a_client_that_stalls_shows_how_far_the_app_goes(folder: Path, grade: Grade) -> None:
    right, wrong = (
        sentences(grade("trace", "77", f"/{way}?key=tea", "--stall", cwd=folder)) for way in ("echo", "ahead")
    )
    assert "and then waited for the client to read." in right
    assert "took 4096 items of 1024 bytes (4096 KiB) from the upstream: all that there were." in wrong


def test_a_missing_response_is_told(folder: Path, grade: Grade) -> None:
    done = grade("trace", "77", "/nothing", "--for", "0.3", cwd=folder)
    assert done.code == 1
    assert "No response within 0.3 s." in sentences(done)


def test_a_failed_boot_is_told(folder: Path, grade: Grade) -> None:
    app = write(folder / "broken.py", "app = (")
    done = grade("trace", "77", "/echo", "--app", str(app), cwd=folder)
    assert (done.code, done.err) == (1, "")
    assert "The app did not start: broken.py is not valid Python" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/echo", "-H", "no colon"], "--header: 'no colon' is not a valid header field"),
        (["/echo", "-H", "a: b\nc: d"], "is not a valid header field"),
        (["/echo", "-X", "G T"], "This request cannot be sent"),
        (["/\x01"], "This request cannot be sent"),
        (["/echo", "-H", "näme: value"], "This request cannot be sent"),
    ],
    ids=["no field", "two fields", "method", "path", "name"],
)
def test_a_request_that_cannot_be_sent_is_one_clear_line(
    arguments: list[str], words: str, folder: Path, grade: Grade
) -> None:
    done = grade("trace", "77", *arguments, cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert done.err.count("\n") == 1


def test_what_an_app_sends_reaches_no_terminal_raw(folder: Path, grade: Grade) -> None:
    app = write(
        folder / "hostile.py",
        """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"\\xc2\\x9b2J\\xff")]})
                await send({"type": "http.response.body", "body": b"\\x1b]0;owned\\x07\\xe2\\x80\\xae[bold]"})
        """,
    )
    done = grade("trace", "77", "/", "--app", str(app), cwd=folder)
    assert done.code == 0
    assert "[bold]" in done.out
    assert not [char for char in done.out if char != "\n" and not char.isprintable()]


def test_what_the_app_raised_comes_before_the_result(folder: Path, grade: Grade) -> None:
    app = write(
        folder / "mine.py", STREAMING.replace("async def nothing():", "async def nothing():\n        nothing.at_all")
    )
    done = grade("trace", "77", "/nothing", "--app", str(app), cwd=folder)
    said = sentences(done)
    assert "The app raised AttributeError: 'function' object has no attribute 'at_all' in mine.py:" in said
    assert said.endswith("1 chunk, 21 bytes of body.")


BODIES = """
    import time
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    app = FastAPI()

    @app.get("/cut")
    async def cut():
        return StreamingResponse(iter(["data: one\\n\\n", "data: two\\n"]), media_type="text/event-stream")

    @app.get("/typed")
    async def typed(number: int):
        return number

    @app.get("/slow")
    async def slow():
        time.sleep(0.5)
        return "slow"
"""
CAUSES = {
    "/gone": "There is no GET /gone: the app has GET /cut, GET /typed, GET /slow.",
    "/typed?number=x": "The app's own declaration of GET /typed refuses this request: query number: ",
    "/cut": 'The stream ended before a blank line ended its last event ("data: two"), so a browser drops that event: ',
    "/slow": "The event loop was blocked for 0.",
}


@pytest.mark.parametrize("path", CAUSES)
def test_what_is_wrong_with_a_response_comes_before_the_result(path: str, folder: Path, grade: Grade) -> None:
    app = write(folder / "bodies.py", BODIES)
    said = sentences(grade("trace", "77", path, "--app", str(app), cwd=folder))
    assert said.startswith(CAUSES[path])
    assert re.search(r"\. \d chunks?, \d+ bytes of body\.$", said)


def test_several_requests_go_to_one_app(folder: Path, grade: Grade) -> None:
    done = grade("trace", "77", "/echo?key=fail-after-1", "/echo?key=empty", cwd=folder, COLUMNS="120")
    assert [row for row in rows(done) if row.startswith("GET")] == ["GET /echo?key=fail-after-1", "GET /echo?key=empty"]
    said = sentences(done)
    assert "GET /echo?key=fail-after-1: 2 chunks, " in said
    assert "GET /echo?key=empty: 0 chunks, 0 bytes of body." in said


@pytest.mark.parametrize("apart", [0.001, 1.0], ids=["at once", "apart"])
def test_what_cannot_be_ordered_is_marked(apart: float) -> None:
    file = io.StringIO()
    shown = Screen(Console(file=file, width=80))
    shown.show(Entry(0.1, Lane.UPSTREAM, Act.PULLED, 1, detail="pull 1"))
    shown.show(Entry(0.1 + apart, Lane.CLIENT, Act.ENDED, 1))
    marked = [line for line in file.getvalue().splitlines() if re.match(r"[ \d.]{8}≈│", line)]
    assert len(marked) == (apart < 0.01)
    assert shown.is_ordered is (apart > 0.01)
