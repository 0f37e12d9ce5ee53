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
    found = meter.progress(running=0, again=0)
    assert found == Progress(10, 5, 0, 1, 1, 0, 2.0, 50.0)
    assert found.waiting == 5


def after(seconds: float, *, graded: int, running: int, at_once: int, again: int = 0) -> float | None:
    """The time that is left of a class of 25, after so many seconds."""
    meter = Meter(25, clock(0.0, seconds).__next__, at_once=at_once)
    for _ in range(graded):
        meter.grade(10.7)
    return meter.progress(running=running, again=again).left


def test_no_time_is_left_until_each_grader_may_have_ended_one() -> None:
    """The first ones end together: what one of them says of the others is far off."""
    assert after(19, graded=1, running=6, at_once=6) is None
    assert after(19, graded=5, running=6, at_once=6) is None
    assert after(10, graded=2, running=1, at_once=1) is None
    assert after(30, graded=3, running=1, at_once=1) is not None


def test_those_that_run_are_half_done_on_average() -> None:
    assert after(12, graded=6, running=6, at_once=6) == 12 * (19 - 3) / (6 + 3)
    assert after(48, graded=24, running=1, at_once=6) == 48 * 0.5 / 24.5


def test_what_is_graded_once_more_is_graded_alone() -> None:
    left = after(12, graded=6, running=6, at_once=6, again=2)
    assert left == 12 * (17 - 3) / 9 + 2 * 6 * 12 / 9


def test_before_the_first_grade_nothing_is_known() -> None:
    assert Meter(3, clock(0.0, 1.0).__next__).progress(running=0, again=0) == Progress(3)
