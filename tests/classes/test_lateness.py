"""What lateness takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from grader.classes.lateness import duration, taken
from grader.classes.model import Late, Submission


@pytest.mark.parametrize(
    ("late_by", "late", "percent"),
    [
        (timedelta(), Late(10), 0),
        (timedelta(seconds=1), Late(10), 10),
        (timedelta(days=1), Late(10), 10),
        (timedelta(days=1, seconds=1), Late(10), 20),
        (timedelta(days=30), Late(10), 100),
        (timedelta(days=30), Late(10, most=50), 50),
        (timedelta(minutes=5), Late(10, grace=timedelta(minutes=5)), 0),
        (timedelta(minutes=6), Late(10, grace=timedelta(minutes=5)), 10),
        (timedelta(days=9), Late(), 0),
        (timedelta(days=2), Late(12.5), 25),
        (timedelta(hours=1), Late(12.5), 12.5),
    ],
)
def test_each_day_begun_takes_so_many_percent(late_by: timedelta, late: Late, percent: float) -> None:
    assert taken(Submission("ada", "kata", late_by=late_by), late) == percent


def test_without_a_time_a_late_one_is_late_by_a_day() -> None:
    assert taken(Submission("ada", "kata", is_marked_late=True), Late(10, grace=timedelta(hours=1))) == 10


def test_a_length_of_time_in_words() -> None:
    found = [duration(timedelta(seconds=seconds)) for seconds in (0, 0.5, 60, 61, 3600, 3601, 86400, 200_000)]
    assert found == ["", "1 minute", "1 minute", "2 minutes", "1 hour", "2 hours", "1 day", "3 days"]
