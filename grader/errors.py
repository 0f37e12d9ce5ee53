"""Whose fault is it? Every error of a grade belongs to exactly one of these."""

from __future__ import annotations

from grader.model import BootFailure, Place, Requirement, Spot


class Violation(AssertionError):
    """The app broke a requirement: the check has failed.

    ``expected`` and ``seen`` are phrases for a report, and ``headline`` is the line that says it all, where those two
    would not; ``hint`` is for causes that no check is about; ``requirement`` is for a sentence of a standard that is
    not the check's own; ``spot`` points at the offending byte, ``place`` at the learner's own line.
    """

    def __init__(
        self,
        *,
        expected: str,
        seen: str,
        requirement: Requirement | None = None,
        headline: str = "",
        hint: str = "",
        spot: Spot | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected = expected
        self.seen = seen
        self.requirement = requirement
        self.headline = headline
        self.hint = hint
        self.spot = spot
        self.place = place


class BootFailed(Exception):
    """The app did not start; every check has failed, and the report says it once."""

    def __init__(self, failure: BootFailure) -> None:
        super().__init__(failure.headline)
        self.failure = failure


class BadKata(Exception):
    """The kata's folder is wrong; the message tells its author what to write."""


class Inconclusive(Exception):
    """Nobody can tell: the grader broke down, or the machine did not give it time. Never points lost."""


class UsageError(Exception):
    """The command cannot be carried out as it was typed; the message says what to type instead."""
