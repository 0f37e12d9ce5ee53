"""The state of a watch, and how each event changes it. Nothing here draws or waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grader.grading.hints import NO_HINT
from grader.learner.recall import Compared
from grader.model import CheckResult, Outcome, Report
from grader.pool.news import Progress
from grader.report import advice
from grader.report.changes import between


@dataclass(frozen=True, slots=True)
class State:
    """``report`` is the last grade, ``before`` the grade before it in which the app started. While a grade runs,
    ``progress`` is there.

    ``compared`` says how the report compares with what its learner has seen before. ``at`` is which of the failed
    checks is looked at; ``looked_at`` is its id, also while the app does not start, and with ``has_moved`` the learner
    has chosen it. ``hints`` is how many hints of it are shown, and ``scroll`` the first line of the details. With
    ``help`` the keys are explained. ``following`` is the heading of the kata to which a learner with full marks can go
    on, "" where there is none.
    """

    report: Report | None = None
    before: Report | None = None
    progress: Progress | None = None
    runs: int = 0
    details: bool = False
    help: bool = False
    at: int = 0
    has_moved: bool = False
    looked_at: str = ""
    hints: int = 1
    scroll: int = 0
    message: str = ""
    following: str = ""
    compared: Compared = field(default_factory=Compared)

    @property
    def to_fix(self) -> CheckResult | None:
        """The failed check that is looked at; None when no check failed, or the app did not start."""
        return self.failures[self.at] if self.failures else None

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The failed checks; none when the app did not start."""
        if self.report is None or self.report.boot_failure is not None:
            return ()
        return tuple(result for result in self.report.results if result.outcome is Outcome.FAILED)

    @property
    def all_hints(self) -> tuple[str, ...]:
        """The hints about that check; first the hint about this cause, if there is one."""
        if self.to_fix is None or self.to_fix.finding is None:
            return ()
        return advice.all_hints(self.to_fix.check, self.to_fix.finding.hint)

    @property
    def gained(self) -> list[str]:
        """Titles of the checks that passed this time and not the time before."""
        found = between(self.before, self.report)
        return list(found.gained) if found else []

    @property
    def lost(self) -> list[str]:
        """Titles of the checks that passed the time before and not this time."""
        found = between(self.before, self.report)
        return list(found.lost) if found else []

    @property
    def is_done(self) -> bool:
        """Whether the last grade has full marks."""
        report = self.report
        return report is not None and report.is_whole and report.points == report.possible > 0

    def started(self) -> State:
        """A grade begins."""
        return replace(self, progress=Progress(0, 0), runs=self.runs + 1, message="")

    def graded(self, report: Report, seen: Mapping[str, int] | None = None, compared: Compared | None = None) -> State:
        """A grade has ended. Hints stay while the same check is looked at, also when the app did not start in between.

        A check that the learner has moved to is looked at as long as it fails; otherwise it is the one that
        ``compared`` names, or the first that fails. ``seen`` counts the hints of each check that were asked for, here
        or by `grade hint`.
        """
        last = self.before if self.report is None or self.report.boot_failure is not None else self.report
        done = replace(self, report=report, before=last, progress=None, compared=compared or Compared(), following="")
        if report.boot_failure is not None:
            return replace(done, scroll=0)
        ids = [one.check.id for one in done.failures]
        has_moved = self.has_moved and self.looked_at in ids
        name = self.looked_at if has_moved else done.compared.focus or next(iter(ids), "")
        done = replace(done, at=ids.index(name) if name in ids else 0, has_moved=has_moved, looked_at=name)
        if name == self.looked_at and name:
            return done
        asked = (seen or {}).get(name, 0)
        return replace(done, hints=max(1, min(asked, len(done.all_hints))), scroll=0)

    def troubled(self, message: str) -> State:
        """A grade has ended without a report."""
        return replace(self, progress=None, message=message)

    def moved(self, by: int) -> State:
        """Look at the next failed check, or with -1 at the one before; after the last comes the first."""
        if len(self.failures) < 2:
            return replace(self, message="There is no other check that failed.")
        at = (self.at + by) % len(self.failures)
        name = self.failures[at].check.id
        has_moved = name != (self.compared.focus or self.failures[0].check.id)
        return replace(self, at=at, looked_at=name, has_moved=has_moved, hints=1, scroll=0, message="")

    def with_hint(self) -> State:
        """One more hint, if the check has one."""
        if self.to_fix is None:
            return replace(self, message="No check failed: there is nothing to give a hint about.")
        if not self.all_hints:
            return replace(self, message=NO_HINT)
        if self.hints >= len(self.all_hints):
            return replace(self, message="This was the last hint.")
        return replace(self, hints=self.hints + 1, message="")
