"""The page of a watch, served to browsers of this machine: the page, its script, and an event stream of our own."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
from collections.abc import AsyncIterator
from importlib.resources import files
from types import TracebackType
from typing import Annotated, Self

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from grader.learner.watch.board import SCRIPT, Board, Notice

_HOST = "127.0.0.1"
_RETRY = 1000  # milliseconds after which a browser connects again
_HEARTBEAT = 15.0  # seconds without an event after which a comment keeps the connection open
_TOKEN = 24  # random bytes
#: A page may be read by who has its address, and framed, kept or passed on by nobody.
_FIELDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ServedPage:
    """In its ``with`` block ``board`` is served at ``address``: on the loopback interface only, at a secret path."""

    def __init__(self, board: Board, *, port: int = 0) -> None:
        self._board = board
        token = secrets.token_urlsafe(_TOKEN)
        self._socket = _listening(port)
        self.address = f"http://{_HOST}:{self._socket.getsockname()[1]}/{token}/"
        config = uvicorn.Config(
            make_app(board, token), log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._board.close()
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def make_app(board: Board, token: str, *, heartbeat: float = _HEARTBEAT) -> FastAPI:
    """The app that serves ``board`` below ``/token/``; any other path is not found."""

    def require(key: str) -> None:
        if not secrets.compare_digest(key.encode(), token.encode()):
            raise HTTPException(404)

    app = FastAPI(openapi_url=None, redirect_slashes=False)
    secret = APIRouter(prefix="/{key}", dependencies=[Depends(require)])
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[_HOST, "localhost"])  # by no other name, such as a rebound

    @secret.get("/", response_class=HTMLResponse)
    def page() -> HTMLResponse:
        return HTMLResponse(board.page(), headers=_FIELDS)

    @secret.get("/" + SCRIPT)
    def script() -> Response:
        source = files("grader.report").joinpath("page", SCRIPT).read_text("utf-8")
        return Response(source, media_type="text/javascript", headers=_FIELDS)

    @secret.get("/events")
    async def events(last_event_id: Annotated[str, Header()] = "") -> StreamingResponse:
        last = int(last_event_id) if last_event_id.isdecimal() and len(last_event_id) < 10 else -1
        return StreamingResponse(stream(board, last, heartbeat), media_type="text/event-stream", headers=_FIELDS)

    @app.get("/favicon.ico", status_code=204)
    def no_icon() -> None:
        """Browsers ask for it by themselves."""

    app.include_router(secret)
    return app


async def stream(board: Board, last: int, heartbeat: float) -> AsyncIterator[str]:
    """An event for the newest notice, when it is another one than ``last``, and then for each new one.

    Who reads slowly misses notices, but never the newest. A comment comes whenever nothing else did for ``heartbeat``
    seconds. The last event of a watch that ends is of the type ``ended``.
    """
    yield f"retry: {_RETRY}\n\n"
    with board.listening() as heard:
        while not board.is_closed:
            heard.clear()
            notice = board.notice
            if notice.number != last:
                last = notice.number
                yield event(notice)
            try:
                await asyncio.wait_for(heard.wait(), heartbeat)
            except TimeoutError:
                yield ": still watching\n\n"
    yield "event: ended\ndata: {}\n\n"


def event(notice: Notice) -> str:
    """A notice as one event: its number is the id, by which a browser goes on after a break."""
    data = json.dumps({"report": notice.report, "now": notice.now})
    return f"id: {notice.number}\nevent: {'grading' if notice.is_grading else 'graded'}\ndata: {data}\n\n"


def _listening(port: int) -> socket.socket:
    """A socket that listens on the loopback interface; with 0, at any free port. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
