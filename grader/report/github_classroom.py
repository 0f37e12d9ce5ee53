"""The report for GitHub Classroom's reporter: the output ``result`` of a step, JSON in Base64 on one line.

The reporter (education/autograding-grading-reporter) adds up the scores of all tests, also of a run that ended with an
error: a grade that is not decided cannot be given to it.
"""

from __future__ import annotations

import base64
import json

from grader.exits import Exit
from grader.model import CheckResult, Outcome, Report
from grader.report import exported
from grader.score import exit_code


def render(report: Report) -> str:
    """``report`` in Base64. Raises Inconclusive where a check is inconclusive."""
    exported.require_decided(report, "GitHub Classroom")
    passed = exit_code(report) is Exit.PASSED
    document = {
        "version": 1,
        "status": "pass" if passed else "fail",
        "max_score": report.possible,
        "tests": [_test(result, report) for result in report.results],
    }
    return base64.b64encode(json.dumps(document).encode()).decode() + "\n"


def _test(result: CheckResult, report: Report) -> dict[str, object]:
    finding = result.finding
    return {
        "name": exported.title(result),
        "status": "pass" if result.outcome is Outcome.PASSED else "fail",
        "message": exported.account(result, report),
        "test_code": "",
        "line_no": finding.place.line if finding and finding.place else 0,
        "score": result.earned,
    }
