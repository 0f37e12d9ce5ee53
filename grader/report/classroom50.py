"""The report for Classroom 50: result.json in the student's checkout, by the schema classroom50/result/v1.

https://github.com/foundation50/classroom50/wiki: scores are whole numbers; an autograder that does not end with 0 has
failed itself. Who and what was graded stands in the environment of the autograder.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from grader.errors import UsageError
from grader.model import CheckResult, Outcome, Report
from grader.report import exported

#: The variables that the platform sets, and SUBMITTED_AT, the moment of the submission: the same at each regrade.
NEEDED = (
    *("CLASSROOM", "ASSIGNMENT", "ASSIGNMENT_TYPE", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL", "REVIEW_URL"),
    "SUBMITTED_AT",
)


def require() -> None:
    """Raises UsageError where the environment does not say what the schema asks for."""
    missing = [name for name in NEEDED if not os.environ.get(name)]
    missing += [] if _owner() else ["OWNER or USERNAME"]
    if missing:
        raise UsageError(f"--to classroom50: set {', '.join(missing)}, as Classroom 50 does for its autograders.")
    _moment(os.environ["SUBMITTED_AT"])


def render(report: Report) -> str:
    """``report`` as JSON. Raises Inconclusive where a check is inconclusive, and UsageError as :func:`require`."""
    require()
    exported.require_decided(report, "Classroom 50")
    given = os.environ
    return exported.dumped(
        {
            "schema": "classroom50/result/v1",
            "classroom": given["CLASSROOM"],
            "assignment": given["ASSIGNMENT"],
            "assignment_type": given["ASSIGNMENT_TYPE"],
            "owner": _owner(),
            "submission": given["SUBMISSION_TAG"],
            "commit": given["COMMIT_URL"],
            "release": given["RELEASE_URL"],
            "review": given["REVIEW_URL"],
            "datetime": _moment(given["SUBMITTED_AT"]),
            "graded_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "score": report.points,
            "max-score": report.possible,
            "tests": [_test(result, report) for result in report.results],
        }
    )


def _owner() -> str:
    return os.environ.get("OWNER") or os.environ.get("USERNAME") or ""


def _moment(text: str) -> str:
    """A moment as the schema has it: in UTC, to the second."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UsageError("--to classroom50: SUBMITTED_AT is a moment like 2026-09-01T12:00:00Z, with its time zone.")
    return f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _test(result: CheckResult, report: Report) -> dict[str, object]:
    return {
        "test-name": exported.title(result) or result.check.id or "check",
        "passed": result.outcome is Outcome.PASSED,
        "score": result.earned,
        "max-score": result.check.points,
        "outcome": result.outcome.value,
        "output": exported.account(result, report),
    }
