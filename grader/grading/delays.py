"""The delays that an app adds to a grade. Many of them end the checks: a law says where they are."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Final

from grader.errors import TooLate
from grader.grading.laws import looks_at_pace
from grader.probe.record import Record

#: Seconds of delays that an app may add to a grade, all checks together. Then only laws are judged: with all checks,
#: a second for each event would take longer than a grade may, and a learner would wait for minutes.
MOST_LATE: Final = 8.0


class Delays:
    """Those that were seen in one grade, so far.

    They count only where a law of the grade looks at the pace, and so fails: else no check would say what is wrong.
    ``blocked`` has the checks, by id, that had no verdict because of them.
    """

    def __init__(self, record: Record) -> None:
        self.blocked: set[str] = set()
        self._record = record
        self._are_judged = False

    def begin(self, functions: Iterable[object]) -> None:
        """These are the functions of the checks and laws to run."""
        self._are_judged = any(looks_at_pace(function) for function in functions)

    @property
    def left(self) -> float:
        """Seconds of them until the checks end."""
        return MOST_LATE - self._record.late if self._are_judged else inf

    def end(self, *, is_overtime: bool) -> TooLate | None:
        """Why no further check runs: there are too many, or there are some and the time of the grade is over."""
        late = self._record.late
        is_too_late = late >= MOST_LATE or (is_overtime and late > 0)
        return TooLate(late) if self._are_judged and is_too_late else None
