"""What a grade in another process reports: how far it is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from grader.model import Report


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` checks have run; ``total`` is 0 while the app boots."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no report. It is never the app's fault: whatever an app does ends up in a report."""

    message: str


Result = Report | Trouble
News = Progress | Result
