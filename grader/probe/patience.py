"""How long to wait for what may never come: turns of the app's event loop count, not only seconds.

A wait is given up when a short time has passed *and* the app has answered a number of unrelated requests meanwhile. A
slow machine slows those as well, and so earns patience; a wrong app on a fast machine is told so at once.
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

#: ``ready(timeout)`` looks for what is awaited, for at most ``timeout`` seconds, and says whether it has come.
Ready = Callable[[float], bool]


class Served(Protocol):
    """What patience needs to know of an app."""

    beats: int

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket: ...
    def blocked_at(self) -> Place | None: ...
    @property
    def is_running(self) -> bool: ...


class Waited(Enum):
    """How a wait ended."""

    CAME = "came"
    SILENT = "silent"  # the loop turned, and nothing came
    BLOCKED = "blocked"  # the loop does not turn
    GONE = "gone"  # the process has ended


@dataclass(frozen=True, slots=True)
class Limits:
    """When to give up: all of a group must be reached. Seconds, turns of the loop, beats of the app's process."""

    hurry: float = 0.05  # no control request before this: a right app never sees one
    silence: float = 0.5
    silent_turns: int = 10
    blockage: float = 1.0
    blocked_beats: int = 15
    blockage_without_beats: float = 10.0
    calm: float = 0.06
    calm_turns: int = 20


class Patience:
    """Waits on behalf of one grade."""

    SLICE = 0.01  # seconds between two looks at the app

    def __init__(
        self, app: Served, *, control: bytes, overtime: Callable[[], bool], limits: Limits | None = None
    ) -> None:
        self._app = app
        self._control = control
        self._overtime = overtime
        self.limits = limits or Limits()

    def until(self, ready: Ready) -> Waited:
        """Wait until ``ready``; give up when the app has had its turns. Raises Inconclusive on a starved machine."""
        if ready(self.limits.hurry):
            return Waited.CAME
        began, turns = time.monotonic(), 0
        while True:
            waited = self._turn(ready)
            if waited is not Waited.SILENT:
                return waited
            turns += 1
            if turns >= self.limits.silent_turns and time.monotonic() - began >= self.limits.silence:
                return Waited.CAME if ready(0) else Waited.SILENT
            if ready(self.limits.silence / self.limits.silent_turns / 2):
                return Waited.CAME

    def stays_quiet(self, happened: Ready) -> Waited:
        """SILENT when nothing happened while the loop turned often; CAME as soon as something does."""
        began, turns = time.monotonic(), 0
        while turns < self.limits.calm_turns or time.monotonic() - began < self.limits.calm:
            waited = self._turn(happened)
            if waited is not Waited.SILENT:
                return waited
            turns += 1
        return Waited.CAME if happened(0) else Waited.SILENT

    def turns(self, count: int) -> Waited:
        """Let the app's loop turn ``count`` times: what was on its way to it has then arrived."""
        for _ in range(count):
            waited = self._turn(_never)
            if waited is not Waited.SILENT:
                return waited
        return Waited.SILENT

    def _turn(self, ready: Ready) -> Waited:
        """One control request. Any answer will do: a 404 proves that the loop turned."""
        began, beats, slices = time.monotonic(), self._app.beats, 0
        try:
            control = self._app.connect()
        except OSError:
            return Waited.CAME if ready(0) else self._gone(ready)
        with control:
            with suppress(OSError):
                control.sendall(self._control)
            while not _readable(control, self.SLICE):
                slices += 1
                if ready(0):
                    return Waited.CAME
                if not self._app.is_running:
                    return self._gone(ready)
                if self._gives_up(time.monotonic() - began, self._app.beats - beats, slices):
                    return Waited.BLOCKED
        if self._overtime():
            raise Inconclusive("the time limit of the whole grade is over")
        return Waited.CAME if ready(0) else Waited.SILENT

    def _gone(self, ready: Ready) -> Waited:
        return Waited.CAME if ready(0.05) else Waited.GONE

    def _gives_up(self, elapsed: float, beats: int, slices: int) -> bool:
        """Whether a control request has waited long enough to say that the loop is blocked.

        Beats show that the process was given time. Without any (a call that holds the interpreter's lock), the grader's
        own slices show that at least the machine had some.
        """
        if elapsed >= self.limits.blockage and beats >= self.limits.blocked_beats:
            return True
        if elapsed < self.limits.blockage_without_beats:
            return False
        if slices < elapsed / self.SLICE / 4:
            raise Inconclusive("the machine gave neither the grader nor the app enough time")
        return True


def _readable(connection: socket.socket, timeout: float) -> bool:
    return bool(select.select([connection], [], [], timeout)[0])


def _never(_: float) -> bool:
    return False
