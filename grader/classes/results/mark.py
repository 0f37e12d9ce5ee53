"""What the results of a class need of one grade: small, so that those of a whole class fit into memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from grader.classes.lateness import duration
from grader.classes.model import Entry, GradedKata, NoReport, Student, Submission
from grader.classes.results.substitute import report_of
from grader.model import Outcome, Report
from grader.report.advice import why_undecided
from grader.report.reasons import sentence
from grader.text import visible

#: Characters of a headline that is kept.
_HEADLINE = 300


class Status(Enum):
    """What became of a student's submission for a kata. The first two are those of a report."""

    GRADED = "graded"
    UNDECIDED = "undecided"
    NO_SUBMISSION = "no submission"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    INFRASTRUCTURE = "infrastructure"
    UNCLEAR = "unclear"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Mark:
    """A student's grade for a kata: that of the attempt that counts.

    ``points`` are those to book, None where nothing is decided. ``headlines`` are those of the checks that failed, by
    their ids; of an app that did not start, the same for all. ``page`` is the address of the student's page, "" for
    none. ``trouble`` is why there is no report, or why a check has no verdict, for the instructor. ``is_current`` is as
    for an :class:`Entry`.
    """

    student: Student
    kata: str
    status: Status
    possible: int
    points: float | None = None
    submission: Submission | None = None
    attempts: int = 0
    taken: float = 0
    outcomes: Mapping[str, Outcome] | None = None
    headlines: Mapping[str, str] | None = None
    page: str = ""
    trouble: str = ""
    is_current: bool = True

    @property
    def is_decided(self) -> bool:
        return self.points is not None

    @property
    def late(self) -> str:
        """How late it was, such as "2 days"; "" for in time."""
        if self.submission is None or not self.submission.is_late:
            return ""
        return duration(self.submission.late_by) or "late"


def mark_of(entry: Entry, kata: GradedKata, *, attempts: int, page: str) -> Mark:
    """The mark of the entry that counts."""
    report = entry.report
    shown = report_of(entry, kata)
    is_ours = isinstance(entry.result, NoReport) and not entry.result.why.is_decided
    return Mark(
        student=entry.student,
        kata=kata.name,
        status=_status(entry),
        possible=entry.possible,
        points=entry.points,
        submission=entry.submission,
        attempts=attempts,
        taken=entry.taken,
        outcomes={} if is_ours else {result.check.id: result.outcome for result in shown.results},
        headlines=_headlines(report) if report else {},
        page=page,
        trouble=entry.result.sentence if isinstance(entry.result, NoReport) else visible(why_undecided(shown), 500),
        is_current=entry.is_current,
    )


def _status(entry: Entry) -> Status:
    if isinstance(entry.result, NoReport):
        return Status(entry.result.why.value)
    return Status.GRADED if entry.is_decided else Status.UNDECIDED


def _headlines(report: Report) -> dict[str, str]:
    failed = (result for result in report.results if result.outcome is Outcome.FAILED)
    return {result.check.id: visible(sentence(result, report), _HEADLINE) for result in failed}
