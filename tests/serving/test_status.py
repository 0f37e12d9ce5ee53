"""What the app's process tells about itself, as it arrives: cut anywhere, between garbage."""

from __future__ import annotations

import time

import pytest

from grader.model import BootFailure, Place
from grader.serving.status import AppStatus, Timeout
from grader.wire import Blocked, Failed, Loading, Location, Sign, Stopped, encode_status

AT = Location("app.py", 7, "answer", "time.sleep(1)", "sleep")


def told(*lines: bytes) -> AppStatus:
    status = AppStatus()
    for line in lines:
        status.feed(line)
    return status


def test_lines_may_be_cut_anywhere() -> None:
    data = b"".join(encode_status(status) for status in (Sign.TICK, Loading(0.0), Sign.IMPORTED, Sign.TICK, Sign.READY))
    status = told(*(bytes([byte]) for byte in data))
    assert (status.ticks, status.has_begun, status.is_imported, status.is_ready) == (2, True, True, True)
    assert not status.is_closed


def test_garbage_between_lines_changes_nothing() -> None:
    status = told(b"\xff\0\n", b"x" * 500_000, b"\n", encode_status(Sign.TICK), b"[]\n", encode_status(Sign.TICK))
    assert status.ticks == 2


def test_a_line_without_end_is_not_kept() -> None:
    status = told(*[b"x" * 65536] * 100)
    assert len(status._buffer) <= 65536


def test_the_end_is_told_from_silence() -> None:
    assert told(b"").is_closed


def test_a_failure_has_its_frames() -> None:
    status = told(encode_status(Failed("it raises", "look", (AT,))))
    place = Place("app.py", 7, "answer", "time.sleep(1)", "sleep")
    assert status.failure == BootFailure("it raises", "look", (place,))


def test_a_shutdown_has_its_error() -> None:
    assert told(encode_status(Stopped("no"))).stopped == Stopped("no")


def test_a_blocked_loop_is_blocked_for_a_while_and_the_longest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    blocked = [Blocked(3.0, AT), Blocked(0.2, AT), Blocked(9.0)]
    status = told(encode_status(Sign.READY), *(encode_status(each) for each in blocked))
    assert status.longest_blockage == Place("app.py", 7, "answer", "time.sleep(1)", "sleep", 3.0)
    assert status.blocked_at() is None  # the latest is not known
    status.feed(encode_status(Blocked(0.2, AT)))
    assert status.blocked_at() == Place("app.py", 7, "answer", "time.sleep(1)", "sleep", 0.2)
    now[0] += 1.5
    assert status.blocked_at() is None


def test_a_timeout_needs_seconds_and_ticks_and_has_an_end_without_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    status = told(encode_status(Sign.TICK) * 100)
    timeout = Timeout(status, seconds=1.0, ticks=2)
    status.feed(encode_status(Sign.TICK) * 2)
    assert not timeout.is_over
    now[0] += 1.1
    assert timeout.is_over
    starved = Timeout(status, seconds=1.0, ticks=2)
    now[0] += 5.9
    assert not starved.is_over
    now[0] += 0.2
    assert starved.is_over


def test_an_app_that_has_used_much_more_time_than_it_has_was_given_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own threads keep its first one, and the ticks, from the processor."""
    now, used = [1000.0], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    timeout = Timeout(told(), seconds=1.0, ticks=2, held_up=lambda: 3.0, used=lambda: used[0])
    now[0], used[0] = now[0] + 3.0, 3.0
    assert not timeout.is_over
    used[0] = 3.1
    assert timeout.is_over


def test_time_in_which_an_app_gets_no_processor_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now, held_up = [1000.0], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    status = told()
    timeout = Timeout(status, seconds=1.0, ticks=2, held_up=lambda: held_up[0])
    status.feed(encode_status(Sign.TICK) * 20)
    now[0], held_up[0] = now[0] + 3.0, 2.1
    assert not timeout.is_over
    held_up[0] = 1.9
    assert timeout.is_over
    now[0], held_up[0] = now[0] + 3.1, 6.0
    assert timeout.is_over  # also on a machine that never gets better


def test_a_loop_that_is_blocked_at_startup_keeps_nobody_waiting() -> None:
    status = told(encode_status(Blocked(3.0, AT)))
    status.feed(encode_status(Sign.READY))
    assert status.longest_blockage is None


def test_where_the_loop_is_may_be_told_before_it_is_worth_a_note() -> None:
    status = told(encode_status(Blocked(0.02, AT)))
    assert status.blocked_at() == Place("app.py", 7, "answer", "time.sleep(1)", "sleep", 0.02)
    assert status.longest_blockage is None
