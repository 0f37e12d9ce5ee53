"""Lateness: what it takes from a submission's points, and how it is said."""

from __future__ import annotations

import math
from datetime import timedelta

from grader.classes.model import Late, Submission
from grader.text import plural

_DAY = timedelta(days=1)


def taken(submission: Submission, late: Late) -> float:
    """In percent. A submission that its platform only marks late, without saying by how much, is late by a day."""
    if submission.is_marked_late and not submission.late_by:
        days = 1
    else:
        days = max(0, math.ceil((submission.late_by - late.grace) / _DAY))
    return min(late.most, late.percent * days)


def duration(length: timedelta) -> str:
    """A length of time, rounded up to the minute, hour or day, such as "3 hours"; "" for none."""
    seconds = math.ceil(length.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size or (unit == "minute" and seconds > 0):
            return plural(-(-seconds // size), unit)
    return ""
