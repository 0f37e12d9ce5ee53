"""Tells the grader how the app's process fares: that it is given time, where its loop is stuck."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from grader.serving.child.frames import LearnerFrames

BEAT = 0.05  # seconds between two ticks of the watchdog
BLOCKED = 0.15  # seconds without a turn of the loop that are worth a line


class Status:
    """The line of JSON objects to the grader. Writing never fails and never raises."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def tell(self, **facts: object) -> None:
        with suppress(OSError):  # the grader has gone; the lifeline ends this process
            os.write(self._fd, json.dumps(facts).encode() + b"\n")


class Watchdog(threading.Thread):
    """Beats while this process is given time, names the line where the loop is stuck, and ends with the grader."""

    def __init__(self, status: Status, lifeline: int, frames: LearnerFrames) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._status = status
        self._lifeline = lifeline
        self._frames = frames
        self._loop: Any = None
        self._asked = 0.0
        self._answered = True
        self._end: Callable[[], object] = lambda: os._exit(0)  # `_stop` is the thread's own, and called after a fork
        self._born = time.monotonic()
        self._main = threading.main_thread().ident or 0

    def watch(self, loop: Any, stop: Callable[[], object]) -> None:
        """From now on the loop is expected to turn; ``stop`` is called when the grader asks for a graceful end."""
        self._end = stop
        self._loop = loop

    def run(self) -> None:
        while True:
            readable, _, _ = select.select([self._lifeline], [], [], BEAT)
            if readable:
                self._obey(os.read(self._lifeline, 1))
            self._status.tell(beat=1)
            self._check_loop()

    def _obey(self, order: bytes) -> None:
        match order:
            case b"s":
                self._end()
            case b"g":
                if self._loop is not None and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(gc.collect)
            case _:
                os.killpg(os.getpgrp(), signal.SIGKILL)

    def _check_loop(self) -> None:
        now = time.monotonic()
        if self._loop is None:
            if now - self._born > 10 * BLOCKED:
                self._status.tell(loading=round(now - self._born, 2), place=self._place())
        elif self._loop.is_closed():
            return
        elif self._answered:
            self._answered, self._asked = False, now
            self._loop.call_soon_threadsafe(self._turn)
        elif now - self._asked > BLOCKED:
            self._status.tell(blocked=round(now - self._asked, 2), place=self._place())

    def _place(self) -> dict[str, Any] | None:
        return self._frames.where(sys._current_frames().get(self._main))

    def _turn(self) -> None:
        self._answered = True
