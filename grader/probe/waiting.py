"""How long to wait for what may never come: turns of the app's event loop count, not only seconds.

A wait is given up when a short time has passed *and* the app's server has answered a number of control requests
meanwhile. A slow machine slows those as well, and so earns waiter; a wrong app on a fast machine is told so at once.

Between two of them the upstream end has had its turn, too: what the app had asked of it by then has been answered. An
app is never blamed for what the grader's other end was late with.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from grader.errors import Inconclusive
from grader.model import Place

#: No request line, so the server answers it by itself (RFC 9112 3: 400): that proves that the loop turned, and the app
#: cannot tell that somebody waits. One that the app saw might be just what makes a lazy one send on.
CONTROL = b"are you there?\r\n\r\n"

#: ``ready(timeout)`` looks for what is awaited, for at most ``timeout`` seconds, and says whether it has come.
Ready = Callable[[float], bool]


#: What helps, whatever the check is about.
UNBLOCK = "While that line waits, nothing else runs: await something instead, or call what blocks in a thread."


class Served(Protocol):
    """What waiter needs to know of an app."""

    ticks: int

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket: ...
    def blocked_at(self) -> Place | None: ...
    def exit_reason(self) -> str: ...
    def collect_garbage(self) -> None: ...
    @property
    def is_running(self) -> bool: ...


class Waited(Enum):
    """How a wait ended."""

    CAME = "came"
    SILENT = "silent"  # the loop turned, and nothing came
    BLOCKED = "blocked"  # the loop does not turn
    GONE = "gone"  # the process has ended


@dataclass(frozen=True, slots=True)
class Timeouts:
    """When to give up: all of a group must be reached. Seconds, turns of the loop, ticks of the app's process."""

    hurry: float = 0.05  # no control request before this: a right app never sees one
    silence: float = 0.5
    silent_iterations: int = 20
    longest: float = 20.0  # however much arrives meanwhile
    blockage: float = 1.0
    blocked_ticks: int = 15
    blockage_without_ticks: float = 10.0
    calm: float = 0.03
    calm_iterations: int = 40


@dataclass(frozen=True, slots=True)
class Awaited:
    """What a wait is for. ``progress`` grows while parts of it arrive, which earns waiter anew."""

    ready: Ready
    progress: Callable[[], int] = lambda: 0


class Waiter:
    """Waits on behalf of one grade."""

    SLICE = 0.01  # seconds between two looks at the app

    def __init__(
        self,
        app: Served,
        *,
        upstream_iteration: Callable[[], None],
        overtime: Callable[[], bool],
        limits: Timeouts | None = None,
    ) -> None:
        self._app = app
        self._upstream_turn = upstream_iteration
        self._overtime = overtime
        self.limits = limits or Timeouts()

    def until(self, awaited: Awaited) -> Waited:
        """Wait for it; give up when the app has had its turns. Raises Inconclusive on a starved machine."""
        if awaited.ready(self.limits.hurry):
            return Waited.CAME
        first = began = time.monotonic()
        turns, progress = 0, awaited.progress()
        while True:
            waited = self._turn(awaited)
            if waited is not Waited.SILENT:
                return waited
            turns += 1
            now = time.monotonic()
            if progress != awaited.progress() and now - first < self.limits.longest:
                began, turns, progress = now, 0, awaited.progress()
            if turns >= self.limits.silent_iterations and now - began >= self.limits.silence:
                if awaited.ready(0):
                    return Waited.CAME
                if progress == awaited.progress() or now - first >= self.limits.longest:
                    return Waited.SILENT
            if awaited.ready(self.limits.silence / self.limits.silent_iterations / 2):
                return Waited.CAME

    def stays_quiet(self, happened: Ready) -> Waited:
        """SILENT when nothing happened while the loop turned often; CAME as soon as something does."""
        awaited = Awaited(happened)
        began, turns = time.monotonic(), 0
        while turns < self.limits.calm_iterations or time.monotonic() - began < self.limits.calm:
            waited = self._turn(awaited)
            if waited is not Waited.SILENT:
                return waited
            turns += 1
        return Waited.CAME if happened(0) else Waited.SILENT

    def turns(self, count: int) -> Waited:
        """Let the app's loop turn ``count`` times: what was on its way to it has then arrived."""
        for _ in range(count):
            waited = self._turn(Awaited(_never))
            if waited is not Waited.SILENT:
                return waited
        return Waited.SILENT

    def _turn(self, awaited: Awaited) -> Waited:
        """One control request, then a turn of the upstream end. Any answer will do, and any end of the connection."""
        try:
            control = self._app.connect()
        except OSError:
            return self._gone(awaited)
        with control:
            with suppress(OSError):
                control.sendall(CONTROL)
            waited = self._until_answered(control, awaited)
        if waited is Waited.SILENT:
            self._upstream_turn()
            if self._overtime():
                raise Inconclusive("the time limit of the whole grade is over")
        return waited

    def _until_answered(self, control: socket.socket, awaited: Awaited) -> Waited:
        began, ticks, slices, progress = time.monotonic(), self._app.ticks, 0, awaited.progress()
        while not _readable(control, self.SLICE):
            slices += 1
            if awaited.ready(0):
                return Waited.CAME
            if not self._app.is_running:
                return self._gone(awaited)
            if progress != awaited.progress():  # it is busy with what is awaited
                began, ticks, slices, progress = time.monotonic(), self._app.ticks, 0, awaited.progress()
            if self._gives_up(time.monotonic() - began, self._app.ticks - ticks, slices):
                return Waited.BLOCKED
            if self._overtime():
                raise Inconclusive("the time limit of the whole grade is over")
        return Waited.CAME if awaited.ready(0) else Waited.SILENT

    def _gone(self, awaited: Awaited) -> Waited:
        """The process has ended; what it had sent before may still be on its way."""
        return Waited.CAME if awaited.ready(self.limits.hurry) else Waited.GONE

    def _gives_up(self, elapsed: float, ticks: int, slices: int) -> bool:
        """Whether a control request has waited long enough to say that the loop is blocked.

        Beats show that the process was given time. Without any (a call that holds the interpreter's lock), the grader's
        own slices show that at least the machine had some.
        """
        if elapsed >= self.limits.blockage and ticks >= self.limits.blocked_ticks:
            return True
        if elapsed < self.limits.blockage_without_ticks:
            return False
        if slices < elapsed / self.SLICE / 4:
            raise Inconclusive("the machine gave neither the grader nor the app enough time")
        return True


def _readable(connection: socket.socket, timeout: float) -> bool:
    return bool(select.select([connection], [], [], timeout)[0])


def _never(_: float) -> bool:
    return False
