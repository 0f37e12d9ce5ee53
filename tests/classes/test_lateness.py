"""What lateness takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from grader.classes.lateness import taken
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
    ],
)
def test_each_day_begun_takes_so_many_percent(late_by: timedelta, late: Late, percent: int) -> None:
    assert taken(Submission("ada", "kata", late_by=late_by), late) == percent


def test_without_a_time_a_late_one_is_late_by_a_day() -> None:
    assert taken(Submission("ada", "kata", is_marked_late=True), Late(10, grace=timedelta(hours=1))) == 10
