"""The processes of an app that has a process namespace of its own, as they look from outside."""

from __future__ import annotations

from grader.serving import usage
from grader.serving.processes import Tree


class Warded:
    """A :class:`processes.Tree` whose first process is the warden; its only child has one child, the app."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._app = 0

    @property
    def pid(self) -> int:
        """The app's process, once there is one."""
        if not self._app:
            first = usage.children(self._tree.pid)
            found = usage.children(first[0]) if first else []
            self._app = min(found, default=0)
        return self._app or self._tree.pid

    def poll(self) -> int | None:
        return self._tree.poll()

    def wait_for(self, seconds: float) -> int | None:
        return self._tree.wait_for(seconds)

    def members(self) -> list[int]:
        return self._tree.members()

    def kill(self) -> None:
        self._tree.kill()

    def end(self) -> bool:
        return self._tree.end()
