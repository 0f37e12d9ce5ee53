"""An app whose every byte is scripted, and one check's hold on it."""

from __future__ import annotations

import math
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from grader.model import Place
from grader.probe.client import Client
from grader.probe.draw import Draw
from grader.probe.gate import UpstreamServer
from grader.probe.response import Response
from grader.probe.session import Session
from grader.probe.waiting import Timeouts, Waiter
from grader.serving.account import Account
from grader.serving.connections import CONTROL, ask
from grader.serving.log import Log
from grader.serving.status import AppStatus
from grader.serving.threads import Snapshot, Starts
from grader.serving.timers import Timer

DEADLINE = 60.0  # seconds; nothing here takes as long, whatever the machine does
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
UNKNOWN = Snapshot(is_asleep=False, is_exact=False)
#: For what never comes: the scripted app answers no control request before it has said everything.
QUICK = Timeouts(
    before_control=0.01,
    silent_seconds=0.02,
    silent_iterations=4,
    longest=0.3,
    longest_iterations=0,
    blocked_seconds=DEADLINE,
    blocked_ticks=3,
    blocked_looks=0,
    blocked_seconds_without_ticks=DEADLINE,
    quiet_seconds=0.01,
    quiet_iterations=3,
)

#: What the app does with one connection, whose request has been read.
Talk = Callable[["FakeApp", socket.socket], None]


class Then(Enum):
    """How a talk goes on when everything is said."""

    CLOSES = "closes"
    RESETS = "resets"
    STAYS = "stays"


def reset(connection: socket.socket) -> None:
    """Close with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def says(data: bytes, then: Then = Then.CLOSES, *, cut: int = 1 << 20) -> Talk:
    """A talk that sends ``data`` in pieces of ``cut`` bytes; before a RST, which would drop some of them, in one."""
    size = cut if then is not Then.RESETS else max(1, len(data))

    def talk(app: FakeApp, connection: socket.socket) -> None:
        for start in range(0, len(data), size):
            connection.sendall(data[start : start + size])
        if then is Then.RESETS:
            reset(connection)
        elif then is Then.CLOSES:
            connection.close()
        app.said.set()
        if then is Then.STAYS:
            app.over.wait(DEADLINE)

    return talk


def says_endlessly(data: bytes, piece: bytes) -> Talk:
    """A talk that sends ``data``, and then ``piece`` after ``piece`` until the client leaves."""

    def talk(app: FakeApp, connection: socket.socket) -> None:
        connection.sendall(data)
        app.said.set()
        while not app.over.is_set():
            connection.sendall(piece)

    return talk


def _iterates(app: FakeApp, connection: socket.socket) -> None:
    app.said.wait(DEADLINE)
    connection.sendall(NOT_FOUND)


class FakeApp:
    """Serves one talk to every request, and another to control requests."""

    def __init__(self, answer: Talk, *, iteration: Talk = _iterates) -> None:
        self._answer, self._iteration = answer, iteration
        self.said = threading.Event()
        self.over = threading.Event()
        self.requests: list[bytes] = []
        self.receive_buffers: list[int | None] = []
        self.iterations = 0
        self.collections = 0
        self.work = self.work_a_look = 0.0
        self.looking, self.looking_a_call = 0.0, 0.0  # processor seconds that looks at it have taken
        self.asked_where = 0
        self.snapshots: Iterator[Snapshot] = iter(())
        self.timer: Timer | None = Timer(math.inf)
        self.computed = 0.0  # processor seconds of the loop's thread
        self.ticks = 0
        self.ticks_a_look = 1
        self.alive = True
        self.account = Account(AppStatus(), Log())
        self.stuck_at: Place | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._talking = [threading.Thread(target=self._listen)]
        self._talking[0].start()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    # -- what waiter and client ask of an app -------------------------------------------------------------------

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket:
        if not self.alive:
            raise ConnectionRefusedError
        self.receive_buffers.append(receive_buffer)
        return socket.create_connection(self.address, timeout=DEADLINE)

    def ask(self) -> socket.socket:
        return ask(self.connect())

    def blocked_at(self) -> Place | None:
        return self.stuck_at

    def ask_where(self) -> None:
        self.asked_where += 1

    def snapshot(self) -> Snapshot:
        return next(self.snapshots, UNKNOWN)

    def next_timer(self) -> Timer | None:
        return self.timer

    def waiting(self) -> int:
        return 0

    def loop_seconds(self) -> float:
        return self.computed

    def looking_seconds(self) -> float:
        self.looking += self.looking_a_call
        return self.looking

    def worker_seconds(self) -> float:
        self.work += self.work_a_look
        return self.work

    def starts(self) -> Starts:
        return {}

    def collect_garbage(self) -> None:
        self.collections += 1

    def exit_reason(self, *, refuses: bool = False) -> str:
        return "" if self.alive else "the app's process exited with status 7"

    @property
    def is_running(self) -> bool:
        """Every look at a process that is given time finds one more liveness tick."""
        self.ticks += self.ticks_a_look
        return self.alive

    # -- the scripted side ----------------------------------------------------------------------------------------

    def close(self) -> None:
        self.over.set()
        self.said.set()
        socket.create_connection(self.address).close()  # wakes the listening thread
        for thread in self._talking:
            thread.join(DEADLINE)
        self._listener.close()

    def _listen(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.over.is_set():
                connection.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each cut leaves at once
            thread = threading.Thread(target=self._talk, args=(connection,))
            self._talking.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client may leave whenever it likes
            request = _read_request(connection)
            if request == CONTROL:
                self.iterations += 1
                self._iteration(self, connection)
            elif request:
                self.requests.append(request)
                self._answer(self, connection)


def _read_request(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request and (received := connection.recv(65536)):
        request += received
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while len(body) < int(length[1] if length else 0) and (received := connection.recv(65536)):
        body += received
    return head + b"\r\n\r\n" + body if head else b""


@dataclass
class Ends:
    """A scripted app, one check's session with it, and a client."""

    app: FakeApp
    session: Session
    client: Client


Meet = Callable[..., Ends]


@pytest.fixture
def meet(tmp_path: Path) -> Iterator[Meet]:
    """Meet an app that talks as told; ``timeouts`` are for how long to wait for what it does not say."""
    open_things: list[Callable[[], None]] = []

    def make(answer: Talk, *, timeouts: Timeouts | None = None, **changed: float) -> Ends:
        app = FakeApp(answer)
        server = UpstreamServer(socket.create_server(("127.0.0.1", 0)))
        timeouts = replace(timeouts or Timeouts(), **changed)  # type: ignore[arg-type]
        waiter = Waiter(app, upstream_iteration=server.call, overtime=lambda: False, timeouts=timeouts)
        session = Session(app=app, server=server, waiter=waiter, schemas=tmp_path, draw=Draw("a seed"))
        open_things.extend((session.close, server.close, app.close))
        return Ends(app, session, Client(session))

    yield make
    for close in open_things:  # responses, upstream, app: as when a check ends
        close()


To = Callable[..., Response]


@pytest.fixture
def reply_to(meet: Meet) -> To:
    """The response of an app that sends exactly these bytes."""

    def response(data: bytes, then: Then = Then.CLOSES, *, cut: int = 1 << 20, **timeouts: Any) -> Response:
        return meet(says(data, then, cut=cut), **timeouts).client.get("/")

    return response
