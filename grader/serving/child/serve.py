"""Serves the app on the socket that the grader has handed down."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket
from typing import NoReturn

import uvicorn

from grader.serving.child.frames import LearnerFrames
from grader.serving.child.load import ASGIApp, Message, Receive, Send
from grader.serving.child.refusal import Refusal
from grader.serving.child.sockets import ServerSockets
from grader.serving.child.status import StatusLine
from grader.serving.child.watchdog import Watchdog
from grader.wire import ChildConfig, Location, Sign, Stopped

#: Threads of `asyncio.to_thread`. By default it has four more than the machine has processors, so the machine would
#: decide whether the 32 callers of a contract are served at once. A thread is started when it is first needed.
_THREADS = 64
_TICKS = 10 * 24 * 3600  # after which uvicorn's count of them begins again


def preload(config: ChildConfig) -> None:
    """Import what serving will need: the learner's folder may hold modules of the same names, or change asyncio."""
    parts = (f"uvicorn.protocols.http.{config.http}_impl", f"uvicorn.loops.{config.loop}", "uvicorn.lifespan.on")
    for name in (*parts, "concurrent.futures.thread", "grader.kit"):
        import_module(name)


@dataclass(frozen=True, slots=True)
class LifespanFailure:
    """The failure of the lifespan, at "startup" or "shutdown"."""

    phase: str
    error: str
    frames: tuple[Location, ...] = ()


class Lifespan:
    """A layer between server and app that keeps the errors of the lifespan, which would otherwise be only in a log."""

    def __init__(self, app: ASGIApp, frames: LearnerFrames, sockets: ServerSockets) -> None:
        self._app = app
        self._sockets = sockets
        self._frames = frames
        self.failure: LifespanFailure | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def note(message: Message) -> None:
            if not self._sockets.are_ours:  # the lifespan has forked; the server would listen now
                os._exit(0)
            if message["type"].endswith(".failed"):
                self._note(message["type"], message.get("message", ""))
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception as error:
            if self.failure is not None:
                text = f"{type(error).__name__}: {error}"
                self.failure = replace(self.failure, error=text, frames=self._frames.of(error))
            raise

    def _note(self, kind: str, message: str) -> None:
        last = message.strip().splitlines()[-1] if message.strip() else "no message"
        self.failure = LifespanFailure(kind.split(".")[1], last)


class Server(uvicorn.Server):
    """Tells the grader that it is ready; when the end is ordered, it shuts down the lifespan and nothing else."""

    def __init__(self, settings: uvicorn.Config, lifespan: Lifespan, status: StatusLine, watchdog: Watchdog) -> None:
        super().__init__(settings)
        self._lifespan = lifespan
        self._status = status
        self._watchdog = watchdog

    async def startup(self, sockets: list[socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="asyncio"))
        self._iterated = asyncio.Event()
        shut_down = partial(loop.call_soon_threadsafe, self._begin_shutdown)
        self._watchdog.watch(loop, shut_down=shut_down, iterated=self._iterated.set)
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._status.tell(Sign.READY)

    async def main_loop(self) -> None:
        """Like uvicorn's, but the watchdog wakes it: without a timer of the server's own, all timers are the app's."""
        own, counter = os.getpid(), 0
        os.register_at_fork(after_in_child=self._iterated.set)
        while not await self.on_tick(counter):
            if os.getpid() != own:  # the app has forked, and threads do not survive that
                return await super().main_loop()
            await self._iterated.wait()
            self._iterated.clear()
            counter = (counter + 1) % _TICKS
        return None

    def _begin_shutdown(self) -> None:
        self._ending = asyncio.get_running_loop().create_task(self._end())  # the loop itself holds tasks weakly

    async def _end(self) -> None:
        await self.lifespan.shutdown()
        failure = self._lifespan.failure
        self._status.tell(Stopped(failure.error if failure else ""))
        os._exit(0)


def serve(
    app: ASGIApp,
    config: ChildConfig,
    *,
    sockets: ServerSockets,
    status: StatusLine,
    watchdog: Watchdog,
    frames: LearnerFrames,
) -> NoReturn:
    """Serve until the end of the process. Raises Refusal when the lifespan does not start."""
    lifespan = Lifespan(app, frames, sockets)
    # All of it spelled out: asyncio sets TCP_NODELAY only on sockets that know that they are TCP's.
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP, fileno=config.listener)
    settings = uvicorn.Config(
        lifespan,
        interface="asgi3",
        loop=config.loop,
        http=config.http,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="auto",
        # uvicorn keeps this timer of a connection that was reset, as those of control requests are: with its 5 seconds
        # it would be taken for one of the app's.
        timeout_keep_alive=24 * 3600,
    )
    server = Server(settings, lifespan, status, watchdog)
    sockets.follow(server.server_state.connections)
    with suppress(SystemExit):  # that is how uvicorn says that the lifespan did not start
        server.run(sockets=[listener])
    failure = lifespan.failure
    if failure is None:
        raise Refusal("the server stopped by itself", "Something in the app ended the server.")
    raise Refusal(
        f"the app's lifespan failed at {failure.phase}: {failure.error}",
        "The code before `yield` in the lifespan function (or a startup handler) raised.",
        failure.frames,
    )
