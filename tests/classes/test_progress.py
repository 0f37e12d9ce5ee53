"""How far a run is, in numbers."""

from __future__ import annotations

from collections.abc import Iterator

from grader.classes.progress import Meter, Progress


def clock(*seconds: float) -> Iterator[float]:
    yield from seconds


def test_counts_and_the_time_that_is_left() -> None:
    meter = Meter(10, clock(100.0, 130.0).__next__)
    meter.keep()
    meter.refuse()
    for seconds in (1.0, 9.0, 2.0):
        meter.grade(seconds)
    found = meter.progress(running=2, again=1)
    assert found == Progress(10, 5, 2, 1, 1, 1, 2.0, 50.0)
    assert found.waiting == 3


def test_before_the_first_grade_nothing_is_known() -> None:
    assert Meter(3, clock(0.0, 1.0).__next__).progress(running=0, again=0) == Progress(3)
