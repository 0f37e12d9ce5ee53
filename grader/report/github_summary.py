"""The report for the summary of a job of GitHub Actions, at most 1 MiB: the file that GITHUB_STEP_SUMMARY names."""

from __future__ import annotations

from grader.model import Report
from grader.report import markdown

_MOST = 1 << 20
_CUT = "\n… and more than a summary can hold.\n"


def render(report: Report) -> str:
    """``report`` in Markdown, without its last lines where it is too long."""
    text = markdown.render(report)
    if len(text.encode()) <= _MOST:
        return text
    room = _MOST - len(_CUT.encode())
    return text.encode()[:room].decode(errors="ignore").rpartition("\n")[0] + _CUT
