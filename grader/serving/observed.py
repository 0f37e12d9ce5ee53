"""What is seen of an app's processes from outside, and without their help."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

from grader.serving import threads, timers, usage
from grader.serving.processes import Tree

_CURRENT = 0.25  # seconds for which a list of processes is good enough


class Observed:
    """The base of an app that is a process: the part of its port that no app can influence."""

    def __init__(self, process: Tree) -> None:
        self._process = process
        self._others: list[int] = []
        self._looked_at = 0.0

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def snapshot(self) -> threads.Snapshot:
        first = self._process.pid
        others = self._process.members() if sys.platform == "linux" else self._descendants()
        return threads.snapshot([first, *(pid for pid in others if pid != first)])

    def next_timer(self) -> float | None:
        return timers.next_timer(self._process.members())

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

    def worker_seconds(self) -> float:
        return usage.worker_seconds(self._process.pid)

    def starting_seconds(self) -> float:
        return threads.starting_seconds(usage.family(usage.children(self._process.pid)))
