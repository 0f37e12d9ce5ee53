"""How far a run of a class is."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: So many of the latest durations are looked at.
_LATEST = 500
#: So many grades have to end, and as many as run at a time, before anything can be said of the others.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of submissions. ``kept`` were in the ledger already, ``refused`` cannot be graded, ``again`` wait for
    another try. ``median`` is of the seconds of one grade, ``left`` the seconds that are left, as far as one knows."""

    total: int
    done: int = 0
    running: int = 0
    kept: int = 0
    refused: int = 0
    again: int = 0
    median: float | None = None
    left: float | None = None

    @property
    def waiting(self) -> int:
        return self.total - self.done - self.running


OnProgress = Callable[[Progress], None]


class Meter:
    """Counts what a run does, with ``at_once`` grades at a time. ``clock`` gives seconds."""

    def __init__(self, total: int, clock: Callable[[], float], *, at_once: int = 1) -> None:
        self._total = total
        self._clock = clock
        self._at_once = at_once
        self._began = clock()
        self._seconds: deque[float] = deque(maxlen=_LATEST)
        self._graded = self._kept = self._refused = 0

    def keep(self) -> None:
        """One is in the ledger already."""
        self._kept += 1

    def refuse(self) -> None:
        """One cannot be graded."""
        self._refused += 1

    def grade(self, seconds: float) -> None:
        """One was graded in so many seconds."""
        self._graded += 1
        self._seconds.append(seconds)

    def progress(self, running: int, again: int) -> Progress:
        """The counts now."""
        done = self._graded + self._kept + self._refused
        left = None
        if self._graded >= max(self._at_once, _FEWEST):
            left = self._left(self._total - done, running, again)
        median = statistics.median(self._seconds) if self._seconds else None
        return Progress(self._total, done, running, self._kept, self._refused, again, median, left)

    def _left(self, undone: int, running: int, again: int) -> float:
        """The seconds for what is not done yet: what runs is half done on average, what comes again runs alone."""
        of_one = self._at_once * (self._clock() - self._began) / (self._graded + running / 2)
        side_by_side = max(0.0, undone - again - running / 2)
        return of_one * (side_by_side / self._at_once + again)
