"""What is seen of an app's processes from outside, and without their help."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import TypeVar

from grader.serving import threads, timers, usage
from grader.serving.processes import Tree

_CURRENT = 0.25  # seconds for which a list of processes is good enough

_Seen = TypeVar("_Seen")


def _look(look: Callable[[Observed], _Seen]) -> Callable[[Observed], _Seen]:
    """Count the processor time that ``look`` takes this thread."""

    @wraps(look)
    def counted(app: Observed) -> _Seen:
        began = time.thread_time()
        try:
            return look(app)
        finally:
            app._looking += time.thread_time() - began

    return counted


class Observed:
    """The base of an app that is a process: the part of its port that no app can influence.

    ``output`` is the pipe by which this process reads what the app prints.
    """

    def __init__(self, process: Tree, output: os.stat_result | None = None) -> None:
        self._process = process
        self._output = output
        self._others: list[int] = []
        self._looked_at = 0.0
        self._looking = 0.0  # processor seconds of this process's looks

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def looking_seconds(self) -> float:
        return self._looking

    @_look
    def snapshot(self) -> threads.Snapshot:
        first = self._process.pid
        others = self._process.members() if sys.platform == "linux" else self._descendants()
        return threads.snapshot([first, *(pid for pid in others if pid != first)], self._output)

    @_look
    def next_timer(self) -> timers.Timer | None:
        return timers.next_timer(self._process.members(), app=self._process.pid)

    def _descendants(self) -> list[int]:
        """Elsewhere than on Linux a look at all processes takes some milliseconds, so one has to do for a while."""
        if time.monotonic() - self._looked_at > _CURRENT:
            import psutil  # late: Linux does not need it

            with suppress(psutil.Error):
                self._others = [child.pid for child in psutil.Process(self._process.pid).children(recursive=True)]
            self._looked_at = time.monotonic()
        return self._others

    def loop_seconds(self) -> float:
        return threads.processor_seconds(self._process.pid)

    def held_up_seconds(self) -> float:
        return threads.held_up_seconds(self._process.pid)

    @_look
    def worker_seconds(self) -> float:
        return usage.worker_seconds(self._process.pid)

    def used_seconds(self) -> float:
        return usage.own_seconds(self._process.pid) + usage.worker_seconds(self._process.pid)

    @_look
    def starts(self) -> threads.Starts:
        return threads.starts(usage.family(usage.children(self._process.pid)))
