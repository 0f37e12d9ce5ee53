"""A page that is small enough to be sent: with as much of a report as fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from grader.model import CheckResult, Outcome, Report
from grader.report import html
from grader.report.feedback import Feedback, limited

Kept = Callable[[CheckResult], bool]


def page(report: Report, most: int) -> str:
    """``report`` as a page of at most ``most`` bytes, as far as titles and headlines fit into them.

    Transcripts go first: those of checks that passed always, then all but the first failed one's.
    """
    text = ""
    for less in _ever_less(report):
        text = html.render(less)
        if len(text.encode("utf-8", "backslashreplace")) <= most:
            return text
    return text


def _ever_less(report: Report) -> Iterator[Report]:
    first = next((result for result in report.results if result.outcome is Outcome.FAILED), None)
    yield _with_transcripts(report, lambda result: result.outcome is not Outcome.PASSED)
    yield _with_transcripts(report, lambda result: result is first)
    bare = _with_transcripts(report, lambda _: False)
    yield bare
    yield replace(bare, log="", results=tuple(map(_without_output, bare.results)))
    yield limited(report, Feedback.HEADLINES)
    yield limited(report, Feedback.TITLES)


def _with_transcripts(report: Report, is_kept: Kept) -> Report:
    return replace(
        report,
        results=tuple(
            result if is_kept(result) else replace(result, transcript=(), requests=()) for result in report.results
        ),
    )


def _without_output(result: CheckResult) -> CheckResult:
    return replace(result, printed="", raised=None)
