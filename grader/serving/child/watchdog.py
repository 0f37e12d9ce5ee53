"""Tells the grader that the app's process is given time, and where its event loop is blocked."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from gc import collect  # now: a learner's module could put something else in its place, and learn of the grader's order

from grader.serving.child.frames import LearnerFrames
from grader.serving.child.status import StatusLine
from grader.wire import Blocked, Loading, Location, Order, Sign, read_order

TICK = 0.05  # seconds between two liveness ticks
#: Seconds without an iteration of the loop that are worth a status line: three ticks, so a late one is not.
BLOCKED = 0.15
#: Seconds of importing that are worth one: twice what it takes to import FastAPI.
_LOADING = 1.5


class Watchdog(threading.Thread):
    """Sends liveness ticks, names the line where the loop is blocked, and takes the grader's orders."""

    def __init__(self, status: StatusLine, lifeline: int, frames: LearnerFrames) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._status = status
        self._lifeline = lifeline
        self._frames = frames
        self._loop: AbstractEventLoop | None = None
        self._asked = 0.0
        self._answered = True
        # Not `_stop`, which is the thread's own.
        self._shut_down: Callable[[], object] = lambda: os._exit(0)
        self._tell_iterated: Callable[[], object] = lambda: None
        self._born = time.monotonic()
        self._main = threading.main_thread().ident or 0

    def watch(
        self, loop: AbstractEventLoop, *, shut_down: Callable[[], object], iterated: Callable[[], object]
    ) -> None:
        """From now on the loop is expected to iterate. It calls ``iterated`` each time that it has been looked at.

        ``shut_down`` is called when the grader orders it.
        """
        self._shut_down, self._tell_iterated = shut_down, iterated
        self._loop = loop

    def run(self) -> None:
        while True:
            readable, _, _ = select.select([self._lifeline], [], [], TICK)
            if readable:
                self._carry_out(read_order(os.read(self._lifeline, 1)))
            self._status.tell(Sign.TICK)
            self._check_loop()

    def _carry_out(self, order: Order | None) -> None:
        match order:
            case Order.SHUT_DOWN:
                self._shut_down()
            case Order.COLLECT_GARBAGE:
                if self._loop is not None and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(collect)
            case Order.SAY_WHERE:
                waited = 0.0 if self._answered else time.monotonic() - self._asked
                self._status.tell(Blocked(round(waited, 2), self._location()))
            case None:
                os.killpg(os.getpgrp(), signal.SIGKILL)

    def _check_loop(self) -> None:
        now = time.monotonic()
        if self._loop is None:
            if now - self._born > _LOADING:
                self._status.tell(Loading(round(now - self._born, 2), self._location()))
        elif self._loop.is_closed():
            return
        elif self._answered:
            self._answered, self._asked = False, now
            self._loop.call_soon_threadsafe(self._iterated)
        elif now - self._asked > BLOCKED:
            self._status.tell(Blocked(round(now - self._asked, 2), self._location()))

    def _location(self) -> Location | None:
        return self._frames.where(sys._current_frames().get(self._main))

    def _iterated(self) -> None:
        self._answered = True
        self._tell_iterated()
