"""Adds up from successive looks how long the threads of an app have slept."""

from __future__ import annotations

from typing import Final

from grader.serving.threads import Snapshot

#: Seconds between two looks that count at most: a virtual machine that was stopped between them proves nothing more.
#: For as long as this process has waited for a processor the machine went on, so that counts as well.
_LONGEST: Final = 0.015
#: Of those until something happened, as the upstream end may notice it late.
_LAST: Final = 0.005


class Stillness:
    """``seconds``: for how long all threads have slept, between looks that found all of them asleep.

    ``unbroken``: for how long the thread of the event loop has slept since it has last run, without the time for which
    another thread waited for a processor: what the loop waits for may only be late because the machine is busy.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin again."""
        self.seconds = 0.0
        self.unbroken = 0.0
        self.is_exact = True
        self.grew = False  # at the last look
        self._last: tuple[float, Snapshot] | None = None
        self._waited = 0.0  # at the last look

    def look(self, at: float, snapshot: Snapshot, *, waited: float = 0.0) -> None:
        """Take in what was seen at ``at``; ``waited``: for how long the looking thread had got no processor by then."""
        last, self._last = self._last, (at, snapshot)
        most, self._waited = _LONGEST + waited - self._waited, waited
        self.is_exact, self.grew = snapshot.is_exact, False
        if last is None:
            return
        if snapshot.is_asleep and last[1].is_asleep:
            self._add(last, at, snapshot, most)
        elapsed = min(most, at - last[0])
        slept = elapsed - snapshot.held_up_since(last[1], elapsed)
        self.unbroken = self.unbroken + slept if snapshot.loop_slept_since(last[1]) else 0.0

    def end(self, at: float, snapshot: Snapshot) -> None:
        """Something happened at ``at``, and ``snapshot`` is from a little later: add the sleep until then."""
        if self._last is not None and self._last[1].is_asleep and at > self._last[0]:
            self._add(self._last, at, snapshot, _LAST)
        self._last = None

    def _add(self, last: tuple[float, Snapshot], at: float, snapshot: Snapshot, most: float) -> None:
        slept = min(most, snapshot.slept_since(last[1], at - last[0]))
        self.grew = slept > 0
        self.seconds += slept
