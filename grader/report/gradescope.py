"""The report for Gradescope: the content of /autograder/results/results.json.

https://gradescope-autograders.readthedocs.io/en/latest/specs/: points are numbers of a test or of the whole. Without
any the platform says that the autograder failed, and books nothing: so an inconclusive grade has none.
"""

from __future__ import annotations

from grader.model import CheckResult, Outcome, Report
from grader.report import advice, exported
from grader.score import is_decided
from grader.text import visible


def render(report: Report) -> str:
    """``report`` as JSON. Each check is a test, which the student sees."""
    summary = [f"{visible(report.title, exported.TITLE)}: {advice.score(report)}"]
    summary += filter(None, (visible(advice.counts(report)), exported.undecided(report)))
    return exported.dumped(
        {
            **({"score": report.points} if is_decided(report) else {}),
            "execution_time": round(report.seconds, 3),
            "output": "\n".join(summary),
            "output_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",  # what the grader prints there is for instructors
            "extra_data": exported.origin_of(report),
            "tests": [_test(number, result, report) for number, result in enumerate(report.results, 1)],
        }
    )


def _test(number: int, result: CheckResult, report: Report) -> dict[str, object]:
    return {
        "number": str(number),
        "name": exported.title(result),
        "name_format": "text",
        "output": exported.account(result, report) or result.outcome.value,
        "output_format": "text",
        "visibility": "visible",
        "tags": [result.outcome.value],
        **(_score(result) if is_decided(report) else {}),
    }


def _score(result: CheckResult) -> dict[str, object]:
    status = "passed" if result.outcome is Outcome.PASSED else "failed"
    return {"score": result.earned, "max_score": result.check.points, "status": status}
