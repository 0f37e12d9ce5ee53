"""Forks of the app's process: it alone has the server's sockets, so when it has ended, the app has."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from grader.errors import BootFailed
from grader.serving.child_app import ChildApp
from grader.serving.launch import Launch, app_environment, boot
from grader.serving.processes import Surroundings
from grader.serving.warm import IS_SUPPORTED, ForkServer

DEADLINE = 60.0  # seconds
NOWHERE = ("127.0.0.1", 9)

#: Responds with "first" or "fork", whichever process it is that responds.
APP = """
import os, time
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        IN_LIFESPAN
        await send({"type": "lifespan.startup.complete"})
        await receive()
    else:
        IN_REQUEST
        body = b"first" if os.getpid() == os.getsid(0) else b"fork"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})
IN_MODULE
"""
PLACES = ("IN_MODULE", "IN_LIFESPAN", "IN_REQUEST")
ENDS = {
    "at once": "if os.fork(): os._exit(0)",
    "after its fork has ended": "if os.fork(): os.wait(); os._exit(0)",
    "after its fork has had time to start": "if os.fork(): time.sleep(0.5); os._exit(0)",
}

Start = Callable[[str, str], ChildApp]


@pytest.fixture(params=["cold", "warm"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Start an app that executes a statement in a place; cold, and by a fork server."""
    if request.param == "warm" and not IS_SUPPORTED:
        pytest.skip("fork servers run on Linux only")
    with ExitStack() as stack:
        forks = None
        if request.param == "warm":
            around = Surroundings(environment=app_environment())
            forks = stack.enter_context(ForkServer("grader.serving.child.preload:main", around)).client

        def start(place: str, statement: str) -> ChildApp:
            source = APP.replace(place, statement)
            for other in PLACES:
                source = source.replace(other, "pass")
            (tmp_path / "app.py").write_text(textwrap.dedent(source), "utf-8")
            return stack.enter_context(boot(Launch(tmp_path / "app.py"), NOWHERE, forks))

        yield start


def ask(app: ChildApp) -> bytes:
    with app.connect() as connection:
        connection.settimeout(DEADLINE)
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(65536), b"")).rpartition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("place", ["IN_MODULE", "IN_LIFESPAN"])
@pytest.mark.parametrize("end", ENDS)
def test_an_app_whose_first_process_exits_at_start_up_has_not_started(place: str, end: str, start: Start) -> None:
    app = start(place, ENDS[end])
    with pytest.raises(BootFailed, match=r"^the app's process exited with status 0 at start-up$") as failed:
        app.wait_until_ready()
    assert "The process that the server started must stay" in failed.value.failure.advice


@pytest.mark.parametrize("end", ENDS)
def test_an_app_whose_first_process_exits_in_a_request_has_ended(end: str, start: Start) -> None:
    app = start("IN_REQUEST", ENDS[end])
    app.wait_until_ready()
    assert ask(app) == b""
    with pytest.raises(ConnectionError):
        app.connect()
    assert (app.exit_reason(), app.is_running) == ("the app's process exited with status 0", False)


@pytest.mark.parametrize("place", PLACES)
def test_an_app_that_forks_is_served_by_its_first_process(place: str, start: Start) -> None:
    app = start(place, "os.fork()")
    app.wait_until_ready()
    assert [ask(app) for _ in range(5)] == [b"first"] * 5
