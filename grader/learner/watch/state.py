"""What a watch knows, and how it changes with each thing that happens. Nothing here shows or waits for anything."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.model import CheckResult, Outcome, Report
from grader.pool.news import Progress
from grader.score import first_failure


@dataclass(frozen=True, slots=True)
class State:
    """``report`` is the last grade, ``before`` the one before it in which the app started; while ``progress`` is there,
    one is under way.

    ``hints`` are how many of the first failed check's hints are shown; ``scroll`` is the first line of the details.
    """

    report: Report | None = None
    before: Report | None = None
    progress: Progress | None = None
    runs: int = 0
    details: bool = False
    hints: int = 1
    scroll: int = 0
    message: str = ""

    @property
    def mend(self) -> CheckResult | None:
        """The failed check to look at, if the app started at all."""
        if self.report is None or self.report.boot_failure is not None:
            return None
        return first_failure(self.report)

    @property
    def all_hints(self) -> tuple[str, ...]:
        """What may help with the failed check: first a hint about the cause, where that is one of its own."""
        if self.mend is None or self.mend.finding is None:
            return ()
        cause, hints = self.mend.finding.hint, self.mend.check.hints
        return hints if not cause or cause in hints[:1] else (cause, *hints)

    @property
    def gained(self) -> list[str]:
        """Titles of the checks that passed this time and not the time before."""
        return _news(self.before, self.report)

    @property
    def lost(self) -> list[str]:
        """Titles of the checks that passed the time before and not this time."""
        return _news(self.report, self.before)

    def started(self) -> State:
        """A grade begins."""
        return replace(self, progress=Progress(0, 0), runs=self.runs + 1, message="")

    def graded(self, report: Report) -> State:
        """A grade has ended. Hints stay as long as the same check fails, even if the app did not start in between."""
        last = self.before if self.report is None or self.report.boot_failure is not None else self.report
        done = replace(self, report=report, before=last, progress=None)
        if report.boot_failure is not None:
            return replace(done, scroll=0)
        failed = first_failure(last) if last is not None else None
        same = failed and done.mend and failed.check.id == done.mend.check.id
        return done if same else replace(done, hints=1, scroll=0)

    def troubled(self, message: str) -> State:
        """A grade has ended without a report."""
        return replace(self, progress=None, message=message)

    def with_hint(self) -> State:
        """One more hint, if the check has one."""
        if self.mend is None:
            return replace(self, message="There is nothing to give a hint about.")
        if not self.all_hints:
            return replace(self, message="Its author gives no hint; the kata's README says what is graded.")
        if self.hints >= len(self.all_hints):
            return replace(self, message="That was the last hint.")
        return replace(self, hints=self.hints + 1, message="")


def _news(old: Report | None, new: Report | None) -> list[str]:
    if old is None or new is None or old.boot_failure or new.boot_failure:  # which ran no checks
        return []
    known = {result.check.id for result in old.results if result.outcome is Outcome.PASSED}
    passed = (result.check for result in new.results if result.outcome is Outcome.PASSED)
    return [check.title for check in passed if check.id not in known]
