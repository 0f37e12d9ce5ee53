"""The delays that an app adds to a grade. Many of them end the checks: a law says where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from inspect import signature
from typing import Final

from grader.errors import Inconclusive, TooLate
from grader.model import CheckResult, Outcome
from grader.probe.pace import OutOfPace
from grader.probe.record import Record

#: Seconds of delays that an app may add to a grade, all checks together. Then only laws are judged: with all checks,
#: a second for each event would take longer than a grade may, and a learner would wait for minutes.
MOST_LATE: Final = 5.0


def looks_at_pace(test: Callable[..., None]) -> bool:
    """Whether a law's function asks for the pace of the grade."""
    return "pace" in signature(test).parameters


class Delays:
    """Those that were seen in one grade, so far.

    They end the checks only where a law of the grade fails because of them: else no check would say what is wrong, and
    the kata allows them. ``laws`` has the ids of laws about the pace, ``blocked`` those of the checks that had no
    verdict because of the delays.
    """

    def __init__(self, record: Record, *, is_overtime: Callable[[], bool]) -> None:
        self.blocked: set[str] = set()
        self.laws: dict[str, Callable[..., None]] = {}
        self._record = record
        self._is_overtime = is_overtime

    def begin(self, functions: Mapping[str, Callable[..., None]]) -> None:
        """These are the functions of the checks and laws to run, by id."""
        self.laws = {name: function for name, function in functions.items() if looks_at_pace(function)}

    @property
    def end(self) -> TooLate | None:
        """Why no further check runs: there are too many, or there are some and the time of the grade is over."""
        late = self._record.late
        is_too_late = late >= MOST_LATE or (late > 0 and self._is_overtime())
        return TooLate(late) if is_too_late and self._break_a_law() else None

    def _break_a_law(self) -> bool:
        for law in self.laws.values():
            try:
                law(pace=self._record.pace())
            except OutOfPace:
                return True
        return False

    def allow(self, law: str, *, after: str) -> bool:
        """Whether a law may be judged though the check ``after`` has not passed: one about delays always may."""
        return after in self.blocked or (law in self.laws and self.end is not None)

    def explain(self, error: BaseException | None, *, check: str) -> BaseException | None:
        """The error of a check: where it was not decided because of the delays, that is what blocks it."""
        if isinstance(error, TooLate | Inconclusive) and (late := self.end):
            self.blocked.add(check)
            return late
        return error

    def cause_first(self, results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
        """``results``; where delays have ended the checks, with the law first that says so."""
        found = tuple(results)
        causes = [one for one in found if one.check.id in self.laws and one.outcome is Outcome.FAILED]
        if not self.blocked or not causes:
            return found
        others = [one for one in found if one not in causes]
        by = causes[0].check.id
        return (*causes, *(replace(one, blocked_by=by) if one.check.id in self.blocked else one for one in others))
