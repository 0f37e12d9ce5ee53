"""What has changed from one grade to the next, and since a learner's last change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.learner.recall import Compared, News
from grader.model import CheckResult, Outcome, Report
from grader.text import visible

_SAID = 160  # characters of an earlier headline


@dataclass(frozen=True, slots=True)
class Changes:
    """``gained`` and ``lost`` are titles of checks that pass now and did not before, and the reverse.

    ``points`` is how many there are more; ``was`` says of a check how it ended before, by its id, where that differs.
    """

    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    points: int = 0
    was: Mapping[str, str] = field(default_factory=dict)


def between(before: Report | None, report: Report | None) -> Changes | None:
    """What has changed; None where one of the two is missing, or its app did not start, so that no check was run."""
    if before is None or report is None or before.boot_failure or report.boot_failure:
        return None
    known = {result.check.id: result for result in before.results}
    pairs = [(known[one.check.id], one) for one in report.results if one.check.id in known]
    return Changes(
        gained=_passed_only_there(report, before),
        lost=_passed_only_there(before, report),
        points=report.points - before.points,
        was={one.check.id: words for old, one in pairs if (words := _was(old, one))},
    )


def _passed_only_there(report: Report, other: Report) -> tuple[str, ...]:
    passed = {result.check.id for result in other.results if result.outcome is Outcome.PASSED}
    found = (result.check for result in report.results if result.outcome is Outcome.PASSED)
    return tuple(check.title for check in found if check.id not in passed)


def _was(old: CheckResult, new: CheckResult) -> str:
    if old.outcome is not new.outcome:
        return f"{old.outcome.value} the last time"
    before, now = (result.finding.headline if result.finding else "" for result in (old, new))
    return f"the last time: {before}" if before != now and new.outcome is Outcome.FAILED else ""


def word(check: str, compared: Compared) -> str:
    """One or two words about a failed check, for a row of a few; "" when nothing is known."""
    match compared.news.get(check):
        case News.BROKEN:
            return "new"
        case News.OTHER:
            return "new finding"
        case News.SAME:
            return "as before"
        case None:
            return ""


def sentence(check: str, compared: Compared) -> str:
    """The same, for a failure that is shown whole."""
    match compared.news.get(check):
        case News.BROKEN:
            return "new: this check passed before"
        case News.OTHER:
            return f"new finding; before, it was: {visible(compared.before[check], _SAID)}"
        case News.SAME:
            return "as before"
        case None:
            return ""
