"""Why each check ended as it did. Where the app did not start, that is the reason of every check."""

from __future__ import annotations

from grader.model import BootFailure, CheckResult, Finding, Outcome, Report


def reason(result: CheckResult, report: Report) -> Finding | None:
    """The finding of a check; that the app did not start, where this failed it. None where it passed."""
    if result.finding is None and report.boot_failure is not None and result.outcome is Outcome.FAILED:
        return of_boot_failure(report.boot_failure)
    return result.finding


def of_boot_failure(failure: BootFailure) -> Finding:
    """The finding of each check of an app that did not start."""
    return Finding(
        expected="an app that starts",
        seen=failure.headline,
        headline=f"{failure.what}: {failure.headline}",
        headline_is_complete=True,
        hint=failure.advice,
        place=failure.frames[-1] if failure.frames else None,
    )


def sentence(result: CheckResult, report: Report) -> str:
    """The reason in one sentence, as it is, not escaped; "" for a check that passed, or whose reason is not shown."""
    found = reason(result, report)
    if found is None:
        return ""
    return found.headline or f"{found.seen}; expected: {found.expected}"
