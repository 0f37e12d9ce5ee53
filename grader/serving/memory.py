"""Ends an app that uses too much memory, on Linux only: elsewhere nothing tells what a tree of processes uses.

Limits of the kernel do not fit: RLIMIT_DATA and RLIMIT_AS count the reserved stacks of idle threads, but not shared
memory, and both are for each process alone.
"""

from __future__ import annotations

import threading

from grader.serving import usage
from grader.serving.processes import Tree


class MemoryGuard:
    """Looks every 50 ms at what the tree of processes uses. In that time a process can fill about 100 MiB."""

    _LOOK = 0.05

    def __init__(self, tree: Tree, limit: int) -> None:
        self.limit = limit
        self.is_exceeded = False
        self._tree = tree
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        if usage.IS_KNOWN:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if usage.IS_KNOWN:
            self._thread.join(timeout=2.0)  # a look takes milliseconds; the thread is a daemon, so nothing hangs on it

    @property
    def words(self) -> str:
        """The reason why the app was ended, in words."""
        return f"used more than its memory limit of {self.limit >> 20} MiB, so the grader ended it"

    def _watch(self) -> None:
        while not self._stopped.wait(self._LOOK):
            if usage.memory(self._tree.members(), limit=self.limit) > self.limit:
                self.is_exceeded = True
                self._tree.kill()
                return
