"""The messages of a grade in another process: its progress, and its result."""

from __future__ import annotations

from dataclasses import dataclass

from grader.model import Report


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` checks have run; ``total`` is 0 while the app boots. ``found`` is what is wrong by then."""

    done: int
    total: int
    found: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The reason why there is no report. It is never the app's fault: whatever an app does is in a report."""

    message: str


Result = Report | Trouble
News = Progress | Result
