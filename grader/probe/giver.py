"""The giving side of an upstream: what a specification gives, holds back and lets fail."""

from __future__ import annotations

from collections.abc import Iterable

from grader.probe.gate import Gate


class Giver:
    """Gives items through one gate. Nothing here waits."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._given: list[str] = []

    def give(self, *items: str) -> None:
        """Give ``items``, one for each pull. Does not wait for the pulls."""
        self._given += items
        self._gate.give(items)

    def give_all(self, items: Iterable[str]) -> None:
        """Give ``items``, and then the end."""
        self.give(*items)
        self.end()

    def end(self) -> None:
        """After the items that were given, every pull gets the end."""
        self._gate.finish()

    def fail(self, message: str = "the upstream is out of order") -> None:
        """After the items that were given, every pull fails with ``message``."""
        self._gate.finish(error=message)

    def flow(self, items: Iterable[str]) -> None:
        """Open the gate: give ``items`` as fast as the app pulls them."""
        self._gate.flow(iter(items))

    def shut(self) -> None:
        """Shut an open gate: the next pull is held."""
        self._gate.flow(None)

    def rewind(self, item: int = 0) -> None:
        """Start again at the item of this index, counted from 0 over all that was given so far by :meth:`give`.

        For an app that opens the upstream again to resume. Connections that are opened from now on get these items;
        the ones before get no more, whether the app has closed them yet or not. (Without this, all connections with
        one key share one queue: what one of them has pulled, no other gets.)
        """
        self._gate.rewind(self._given[item:])
