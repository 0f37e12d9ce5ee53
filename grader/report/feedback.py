"""How much of a report its learner is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

from grader.catalog.kata import FOLDER
from grader.model import BootFailure, Check, CheckResult, Finding, Outcome, Report

#: With less than headlines, the app's own words are not shown: an app can put into them what it was sent.
_HIDDEN_REASON = "the reason is not shown here"


class Feedback(Enum):
    """What a learner is shown: all, or the headline of each finding, or which checks passed, or the points alone."""

    FULL = "full"
    HEADLINES = "headlines"
    TITLES = "titles"
    SCORE = "score"


def limited(report: Report, feedback: Feedback) -> Report:
    """``report`` with no more in it than ``feedback`` allows, so that no format of it can show more.

    The points stay the same. For SCORE there is one check for all that ended alike.
    """
    less = replace(report, command="", log="", boot_failure=_boot_failure(report, feedback))
    match feedback:
        case Feedback.FULL:
            return report
        case Feedback.HEADLINES:
            return replace(less, results=tuple(map(_with_headline, report.results)))
        case Feedback.TITLES:
            return replace(less, results=tuple(map(_bare, report.results)), seed="", notes=())
        case Feedback.SCORE:
            return replace(less, results=tuple(_summed(report)), is_summed=True, seed="", notes=())


def for_student(report: Report, label: str, feedback: Feedback) -> Report:
    """The same for the student ``label``: no path of the grading machine, no command to run there, the first hints."""
    origin = report.origin
    if origin is not None and origin.pack == FOLDER:
        origin = replace(origin, location="the course")
    found = limited(report, feedback)
    return replace(found, app=label, command="", origin=origin, results=tuple(map(_with_first_hint, found.results)))


def _boot_failure(report: Report, feedback: Feedback) -> BootFailure | None:
    """Where nothing was started, as for an empty submission, the reason is the grader's own words."""
    failure = report.boot_failure
    if failure is None or feedback is Feedback.HEADLINES or not report.jail:
        return failure
    return BootFailure(_HIDDEN_REASON, is_of_app=failure.is_of_app)


def _with_first_hint(result: CheckResult) -> CheckResult:
    """The later hints come nearer to the solution."""
    return replace(result, check=replace(result.check, hints=result.check.hints[:1], when=()))


def _with_headline(result: CheckResult) -> CheckResult:
    found = result.finding
    if found is None or not found.headline:
        return _bare(result)
    finding = Finding("", "", headline=found.headline, headline_is_complete=True, undecided_by=found.undecided_by)
    return replace(_bare(result), finding=finding)


def _bare(result: CheckResult) -> CheckResult:
    """The check's title and points, and how it ended."""
    check = result.check
    return CheckResult(Check(check.id, check.title, check.points, is_law=check.is_law), result.outcome)


def _summed(report: Report) -> Iterator[CheckResult]:
    """One check for all that passed, one for all that did not, one for all that could not be decided."""
    for name, title, outcomes in (
        ("passed", "what passed", (Outcome.PASSED,)),
        ("failed", "what did not pass", (Outcome.FAILED, Outcome.BLOCKED)),
        ("inconclusive", "what could not be decided", (Outcome.INCONCLUSIVE,)),
    ):
        points = sum(result.check.points for result in report.results if result.outcome in outcomes)
        if points:
            yield CheckResult(Check(name, title, points), outcomes[0])
