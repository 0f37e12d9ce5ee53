"""Serves the app on the socket that the grader has handed down."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket
from typing import Any

import uvicorn

from grader.serving.child.frames import LearnerFrames
from grader.serving.child.load import App, Message, Receive, Refusal, Send
from grader.serving.child.watchdog import Status, Watchdog


class Lifespan:
    """Sits between server and app, and keeps what the lifespan protocol would otherwise lose in a log."""

    def __init__(self, app: App, frames: LearnerFrames) -> None:
        self._app = app
        self._frames = frames
        self.failure: dict[str, Any] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def note(message: Message) -> None:
            if message["type"].endswith(".failed"):
                self._note(message["type"], message.get("message", ""))
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception as error:
            if self.failure is not None:
                self.failure["frames"] = self._frames.of(error)
                self.failure["error"] = f"{type(error).__name__}: {error}"
            raise

    def _note(self, kind: str, message: str) -> None:
        last = message.strip().splitlines()[-1] if message.strip() else "no message"
        self.failure = {"phase": kind.split(".")[1], "error": last, "frames": []}


def serve(app: App, config: dict[str, Any], *, status: Status, watchdog: Watchdog, frames: LearnerFrames) -> None:
    """Serve until the end. Raises Refusal when the lifespan does not start."""
    lifespan = Lifespan(app, frames)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket] | None = None) -> None:
            loop = asyncio.get_running_loop()
            watchdog.watch(loop, lambda: loop.call_soon_threadsafe(self.say_goodbye))
            await super().startup(sockets=sockets)
            if not self.should_exit:
                status.tell(ready=True)

        def say_goodbye(self) -> None:
            self.goodbye = asyncio.get_running_loop().create_task(self._goodbye())

        async def _goodbye(self) -> None:
            await self.lifespan.shutdown()
            status.tell(stopped=True, lifespan=lifespan.failure)
            os._exit(0)

    # All of it spelled out: asyncio sets TCP_NODELAY only on sockets that know that they are TCP's.
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP, fileno=config["listener"])
    settings = uvicorn.Config(
        lifespan,
        interface="asgi3",
        loop=config["loop"],
        http=config["http"],
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="auto",
    )
    with suppress(SystemExit):  # uvicorn's way of saying that the lifespan did not start
        Server(settings).run(sockets=[listener])
    if lifespan.failure is not None:
        failure = lifespan.failure
        raise Refusal(
            f"the app's lifespan failed at {failure['phase']}: {failure['error']}",
            "The code before `yield` in the lifespan function (or a startup handler) raised.",
            failure["frames"],
        )
    raise Refusal("the server stopped by itself", "Something in the app ended the server.")
