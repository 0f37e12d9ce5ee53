"""What lateness takes from a submission's points."""

from __future__ import annotations

import math
from datetime import timedelta

from grader.classes.model import Late, Submission

_DAY = timedelta(days=1)


def taken(submission: Submission, late: Late) -> int:
    """In percent. A submission that its platform only marks late, without saying by how much, is late by a day."""
    if submission.is_marked_late and not submission.late_by:
        days = 1
    else:
        days = max(0, math.ceil((submission.late_by - late.grace) / _DAY))
    return min(late.most, late.percent * days)
