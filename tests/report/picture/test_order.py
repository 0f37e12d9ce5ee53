"""What can be known of the order in which an app did two things that it did on two connections."""

from __future__ import annotations

from grader.protocol.transcript import Act, Entry, Lane
from grader.report.picture.order import RESOLUTION, Order

AT_CLIENT = {Act.SENT, Act.HEAD, Act.CHUNK, Act.ENDED, Act.DISCONNECTED, Act.STALLED}
SHORT, LONG = RESOLUTION / 4, RESOLUTION * 2


def unordered(*steps: tuple[float, Act]) -> list[Act]:
    """Which of these acts cannot be ordered; each comes so many seconds after the one before."""
    order, at, found = Order(), 0.0, []
    for after, act in steps:
        at += after
        if not order.is_known(Entry(at, Lane.CLIENT if act in AT_CLIENT else Lane.UPSTREAM, act, 1)):
            found.append(act)
    return found


def test_what_comes_one_after_the_other_at_one_end_is_ordered() -> None:
    assert unordered((0, Act.SENT), (SHORT, Act.HEAD), (SHORT, Act.CHUNK), (SHORT, Act.ENDED)) == []
    assert unordered((0, Act.SENT), (SHORT, Act.OPENED), (SHORT, Act.PULLED)) == []


def test_a_chunk_and_the_next_pull_at_almost_the_same_time_are_not() -> None:
    begin = ((0, Act.SENT), (0, Act.OPENED), (0, Act.PULLED), (LONG, Act.GAVE))
    assert unordered(*begin, (SHORT, Act.CHUNK), (SHORT, Act.PULLED)) == [Act.PULLED]
    assert unordered(*begin, (SHORT, Act.PULLED), (SHORT, Act.CHUNK)) == [Act.CHUNK]
    assert unordered(*begin, (SHORT, Act.CHUNK), (LONG, Act.PULLED)) == []


def test_a_pull_that_needs_what_was_given_after_a_chunk_came_after_it() -> None:
    begin = ((0, Act.SENT), (0, Act.OPENED), (0, Act.PULLED))
    assert unordered(*begin, (LONG, Act.HEAD), (SHORT, Act.GAVE), (SHORT, Act.PULLED)) == []
    assert unordered(*begin, (LONG, Act.GAVE), (SHORT, Act.HEAD), (SHORT, Act.PULLED)) == [Act.PULLED]


def test_what_reaches_the_app_is_where_it_was_seen() -> None:
    assert unordered((0, Act.SENT), (0, Act.OPENED), (0, Act.DISCONNECTED), (0, Act.STALLED)) == []
