"""The report as annotations of GitHub Actions: commands on standard output that mark lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions: ten of each kind are shown in a step.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.model import BootFailure, CheckResult, Outcome, Report
from grader.report import advice, exported
from grader.text import visible

_MOST = 10


def render(report: Report) -> str:
    """One line for each failed check (an error) and each inconclusive one (a warning), and one with the points.

    That the app did not start is one error: it is the reason of each check.
    """
    summary = "; ".join(filter(None, (advice.score(report), advice.counts(report))))
    lines = [*_lines(report, Outcome.FAILED, "error"), *_lines(report, Outcome.INCONCLUSIVE, "warning")]
    if report.boot_failure is not None:
        lines = [_unstarted(report, report.boot_failure)]
    lines.append(f"::notice title={_property(visible(report.title, exported.TITLE))}::{_data(summary)}")
    return "\n".join(lines) + "\n"


def _lines(report: Report, outcome: Outcome, kind: str) -> Iterator[str]:
    found = [result for result in report.results if result.outcome is outcome]
    for result in found if len(found) <= _MOST else found[: _MOST - 1]:
        properties = [*_place(result, report), f"title={_property(exported.title(result))}"]
        yield f"::{kind} {','.join(properties)}::{_data(exported.headline(result, report) or outcome.value)}"
    if len(found) > _MOST:
        yield f"::{kind}::{_data(f'and {len(found) - _MOST + 1} checks more')}"


def _unstarted(report: Report, failure: BootFailure) -> str:
    places = [",".join(_place(result, report)) for result in report.results[:1]]  # it is the same for all
    properties = [*filter(None, places), f"title={failure.title}"]
    return f"::error {','.join(properties)}::{_data(visible(failure.headline, exported.LINE))}"


def _place(result: CheckResult, report: Report) -> Iterator[str]:
    """The learner's line, where it is known and below the working directory, which is the checkout."""
    if found := exported.place(result, report):
        file, line = found
        yield f"file={_property(file)}"
        if line:
            yield f"line={line}"


def _data(text: str) -> str:
    """Text after the last `::`. The runner would take `##[` for a command anywhere in a line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace("##[", "## [")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
