"""What is seen of an app's processes from outside, and without their help."""

from __future__ import annotations

import sys

from grader.serving import threads, timers, usage
from grader.serving.processes import Tree


class Observed:
    """The base of an app that is a process: the part of its port that no app can influence."""

    def __init__(self, process: Tree) -> None:
        self._process = process

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def snapshot(self) -> threads.Snapshot:
        first = self._process.pid
        others = self._process.members() if sys.platform == "linux" else []
        return threads.snapshot([first, *(pid for pid in others if pid != first)])

    def next_timer(self) -> float | None:
        return timers.next_timer(self._process.members())

    def loop_seconds(self) -> float:
        return threads.processor_seconds(self._process.pid)

    def worker_seconds(self) -> float:
        return usage.worker_seconds(self._process.pid)
