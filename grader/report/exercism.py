"""The report for Exercism's test runners: results.json, version 3.

https://exercism.org/docs/building/tooling/test-runners/interface: "error" is for tests that could not be run.
"""

from __future__ import annotations

from grader.exits import Exit
from grader.model import CheckResult, Outcome, Report
from grader.report import exported
from grader.score import exit_code
from grader.text import visible, visible_lines

_OUTPUT = 500  # characters of what a test has printed
_STATUS = {Outcome.PASSED: "pass", Outcome.FAILED: "fail", Outcome.BLOCKED: "fail", Outcome.INCONCLUSIVE: "error"}


def render(report: Report) -> str:
    """``report`` as JSON. That the app did not start, and that a check is inconclusive, is an error of the whole."""
    error = exported.undecided(report)
    if report.boot_failure is not None:
        error = f"{report.boot_failure.what}: {visible(report.boot_failure.headline, exported.LINE)}"
    passed = exit_code(report) is Exit.PASSED
    return exported.dumped(
        {
            "version": 3,
            "status": "error" if error else "pass" if passed else "fail",
            "message": f"{visible(report.title, exported.TITLE)}: {error}" if error else None,
            "tests": [_test(result, report) for result in report.results],
        }
    )


def _test(result: CheckResult, report: Report) -> dict[str, object]:
    printed = "\n".join(visible_lines(result.printed, lines=20, width=120))
    return {
        "name": exported.title(result),
        "status": _STATUS[result.outcome],
        "message": exported.account(result, report) or None,
        "output": printed[-_OUTPUT:] or None,
        "test_code": "" if report.is_summed else f"Your server must show that {exported.title(result)}.",
        "task_id": None,
    }
