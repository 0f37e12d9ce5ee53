"""How far a run of a class is."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: So many of the latest durations are looked at.
_LATEST = 500


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
    """Counts what a run does. ``clock`` gives seconds."""

    def __init__(self, total: int, clock: Callable[[], float]) -> None:
        self._total = total
        self._clock = clock
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
        if self._graded:
            left = (self._clock() - self._began) / self._graded * (self._total - done)
        median = statistics.median(self._seconds) if self._seconds else None
        return Progress(self._total, done, running, self._kept, self._refused, again, median, left)
