"""The report for PrairieLearn's external grading: the content of /grade/results/results.json.

https://docs.prairielearn.com/externalGrading/: at most 1 MB; ``score`` from 0 to 1, or ``gradable`` false, by which no
attempt is used up.
"""

from __future__ import annotations

from grader.model import CheckResult, Report
from grader.report import advice, exported
from grader.score import share
from grader.text import visible

_MOST = 1_000_000  # bytes
_SHORTEST = 200  # characters of what is said about a check where all of it would be too much


def render(report: Report) -> str:
    """``report`` as JSON: each check is a test, with points and the most that there are."""
    text = _rendered(report, None)
    return text if len(text) <= _MOST else _rendered(report, _SHORTEST)


def _rendered(report: Report, most: int | None) -> str:
    summary = f"{visible(report.title, exported.TITLE)}: {advice.score(report)}"
    if why := exported.undecided(report):
        return exported.dumped({"gradable": False, "format_errors": [why], "message": summary})
    return exported.dumped(
        {
            "gradable": True,
            "score": share(report.points, report.possible),
            "message": ". ".join(filter(None, (summary, advice.counts(report)))),
            "tests": [_test(result, report, most) for result in report.results],
        }
    )


def _test(result: CheckResult, report: Report, most: int | None) -> dict[str, object]:
    return {
        "name": exported.title(result),
        "points": result.earned,
        "max_points": result.check.points,
        "message": result.outcome.value,
        "output": exported.account(result, report)[:most],
    }
