"""From results to a verdict: the exit code is decided here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from grader.exits import Exit
from grader.model import CheckResult, Outcome, Report, UndecidedBy


def exit_code(report: Report) -> Exit:
    """A failure decides the grade; without one, an inconclusive check leaves it undecided."""
    if report.boot_failure is not None or report.count(Outcome.FAILED):
        return Exit.FAILED
    if report.count(Outcome.INCONCLUSIVE):
        return Exit.UNDECIDED
    return Exit.PASSED


def is_decided(report: Report) -> bool:
    """Whether the points are final: no check is inconclusive, so that none is missing for another's fault."""
    return report.boot_failure is not None or not report.count(Outcome.INCONCLUSIVE)


def first_broken(report: Report) -> CheckResult | None:
    """The first check that the specification or the grader left inconclusive: it would be so in the next grade, too."""
    return next(_undecided(report, UndecidedBy.SPECIFICATION, UndecidedBy.GRADER), None)


def is_final(report: Report) -> bool:
    """Whether another grade by the same specification would end alike: the machine, and chance, had no part in it."""
    return is_decided(report) or any(_undecided(report, UndecidedBy.SPECIFICATION))


def _undecided(report: Report, *by: UndecidedBy) -> Iterator[CheckResult]:
    found = (result for result in report.results if result.outcome is Outcome.INCONCLUSIVE)
    return (result for result in found if result.finding and result.finding.undecided_by in by)


def share(points: float, possible: float) -> float:
    """The part of the points from 0 to 1, rounded down to four digits: only full marks are 1."""
    return scaled(points, possible, 10_000) / 10_000


def scaled(points: float, possible: float, out_of: int) -> int:
    """The points as a whole number out of ``out_of``, rounded down: only full marks are ``out_of``."""
    exact = Fraction(str(points)) * out_of  # as decimals, in which 0.29 is 29 hundredths
    return math.floor(exact / Fraction(str(possible))) if possible else 0


def first_failure(report: Report) -> CheckResult | None:
    """The failed check to look at first: the specification's own order goes from the root up."""
    return next((result for result in report.results if result.outcome is Outcome.FAILED), None)
