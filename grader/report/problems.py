"""The report as lines that editors read: ``FILE:LINE: error: TITLE: HEADLINE``, one for each check that did not pass.

A problem matcher of VS Code, or the quickfix list of another editor, puts them beside the code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from grader.model import CheckResult, Outcome, Report
from grader.report import advice, exported
from grader.text import visible, without_commands

_KINDS = {Outcome.FAILED: "error", Outcome.INCONCLUSIVE: "warning"}


def render(report: Report) -> str:
    """One line for each failed check (an error) and each inconclusive one (a warning); the last one has the points."""
    return without_commands("".join(f"{line}\n" for line in _lines(report)))


def _lines(report: Report) -> Iterator[str]:
    for result in report.results:
        if kind := _KINDS.get(result.outcome):
            headline = exported.headline(result, report) or result.outcome.value
            yield f"{_where(result, report)}: {kind}: {exported.title(result)}: {headline}"
    summary = "; ".join(filter(None, (advice.score(report), advice.counts(report))))
    yield f"{visible(report.title, exported.TITLE)}: {summary}"


def _where(result: CheckResult, report: Report) -> str:
    """A line of the learner's file: the first, where none is known."""
    file, line = exported.place(result, report) or (visible(os.path.basename(report.app), exported.TITLE), 0)
    return f"{file}:{line or 1}"
