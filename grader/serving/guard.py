"""Ends an app that uses too much memory or too many descriptors, or that stops itself.

On Linux only: elsewhere nothing of it is known.

Limits of the kernel do not fit: RLIMIT_DATA and RLIMIT_AS count the reserved stacks of idle threads, but not shared
memory, and both are for each process alone.
"""

from __future__ import annotations

import threading
from typing import Final

from grader.serving import usage
from grader.serving.processes import Tree

#: Files, connections and pipes of all processes of an app. What waits in each is the kernel's memory, up to 200 KiB,
#: and counts for no process. An app that serves 32 clients and pulls for each needs less than a hundred.
MOST_DESCRIPTORS: Final = 2048


class Guard:
    """Looks every 50 ms at what the tree of processes uses. In that time a process can fill about 100 MiB.

    ``reason`` completes "the app's process" once the app was ended: "" before.
    """

    _LOOK = 0.05
    _STOPPED_LOOKS = 4  # with the same result: a debugger that attaches stops a process for a moment

    def __init__(self, tree: Tree, limit: int) -> None:
        self.limit = limit
        self.reason = ""
        self._tree = tree
        self._looks_stopped = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)
        if usage.IS_KNOWN:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if usage.IS_KNOWN:
            self._thread.join(timeout=2.0)  # a look takes milliseconds; the thread is a daemon, so nothing hangs on it

    def _watch(self) -> None:
        while not self._stopped.wait(self._LOOK):
            self.reason = self._look()
            if self.reason:
                self._tree.kill()
                return

    def _look(self) -> str:
        members = self._tree.members()
        if usage.descriptors(members, limit=MOST_DESCRIPTORS) > MOST_DESCRIPTORS:
            return f"had more than {MOST_DESCRIPTORS} files and connections open, so the grader ended it"
        if usage.memory(members, limit=self.limit) > self.limit:
            return f"used more than its memory limit of {self.limit >> 20} MiB, so the grader ended it"
        self._looks_stopped = self._looks_stopped + 1 if usage.is_stopped(self._tree.pid) else 0
        if self._looks_stopped >= self._STOPPED_LOOKS:  # in a session of its own no terminal stops it
            return "stopped itself by a signal, such as SIGSTOP, so the grader ended it"
        return ""
