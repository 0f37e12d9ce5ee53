"""Waits count event-loop iterations beside seconds: timeouts stretch on a slow machine, and a wrong app fails soon."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from grader.errors import Inconclusive
from grader.probe import waiting
from grader.probe.waiting import Awaited, Waited, Waiter
from grader.probe.watch import Ready
from grader.serving.threads import Snapshot, Thread
from tests.probe.conftest import DEADLINE, NOT_FOUND, QUICK, FakeApp, Talk, reset, says

FOREVER = 1e6  # seconds, or iterations: more than any test reaches


def answers(app: FakeApp, connection: socket.socket) -> None:
    connection.sendall(NOT_FOUND)


def answers_slowly(app: FakeApp, connection: socket.socket) -> None:
    app.over.wait(0.03)
    connection.sendall(NOT_FOUND)


def answers_never(app: FakeApp, connection: socket.socket) -> None:
    app.over.wait(DEADLINE)


def hangs_up(app: FakeApp, connection: socket.socket) -> None:
    connection.close()


def resets(app: FakeApp, connection: socket.socket) -> None:
    reset(connection)


Make = Callable[..., tuple[FakeApp, Waiter]]


@pytest.fixture
def make() -> Iterator[Make]:
    apps: list[FakeApp] = []

    def made(
        iteration: Talk = answers,
        *,
        upstream_iteration: Callable[[], None] = lambda: None,
        overtime: bool = False,
        **timeouts: float,
    ) -> tuple[FakeApp, Waiter]:
        app = FakeApp(says(b""), iteration=iteration)
        apps.append(app)
        changed = replace(QUICK, **timeouts)  # type: ignore[arg-type]
        return app, Waiter(app, upstream_iteration=upstream_iteration, overtime=lambda: overtime, timeouts=changed)

    yield made
    for app in apps:
        app.close()


def at_iteration(app: FakeApp, number: int) -> Ready:
    """What comes once the app has begun to answer its ``number``-th control request."""
    return lambda _: app.iterations >= number


def never(_: float) -> bool:
    return False


# -- what comes -----------------------------------------------------------------------------------------------------


def test_an_app_that_answers_in_time_sees_no_control_request(make: Make) -> None:
    app, waiter = make()
    asked: list[float] = []

    def comes(timeout: float) -> bool:
        asked.append(timeout)
        return True

    assert waiter.until(Awaited(comes)) is Waited.CAME
    assert len(asked) == 1
    assert app.iterations == 0


def test_timeouts_stretch_for_a_slow_app(make: Make) -> None:
    """It needs many times the seconds of silence; but each of its iterations is as slow."""
    app, waiter = make(answers_slowly, silent_seconds=0.01, silent_iterations=10)
    began = time.monotonic()
    assert waiter.until(Awaited(at_iteration(app, 8))) is Waited.CAME
    assert time.monotonic() - began > 10 * waiter.timeouts.silent_seconds


def test_a_quick_app_is_given_the_seconds(make: Make) -> None:
    app, waiter = make(silent_seconds=FOREVER, silent_iterations=1)
    assert waiter.until(Awaited(at_iteration(app, 50))) is Waited.CAME


def test_what_is_due_later_is_given_the_seconds(make: Make) -> None:
    app, waiter = make(silent_seconds=0.0, silent_iterations=1)
    assert waiter.until(Awaited(at_iteration(app, 50), due=FOREVER)) is Waited.CAME


@pytest.mark.parametrize("ends", [hangs_up, resets])
def test_any_end_of_a_control_request_counts_as_an_iteration(ends: Talk, make: Make) -> None:
    app, waiter = make(ends)
    assert waiter.iterate(3) is Waited.SILENT
    assert app.iterations == 3


def test_the_upstream_end_iterates_after_each_iteration_of_the_app(make: Make) -> None:
    counts: list[int] = []
    app: FakeApp
    app, waiter = make(
        upstream_iteration=lambda: counts.append(app.iterations), silent_seconds=0.0, silent_iterations=7
    )
    assert waiter.until(Awaited(never)) is Waited.SILENT
    assert counts == [1, 2, 3, 4, 5, 6, 7]


def test_what_comes_with_the_last_iteration_of_the_upstream_end_has_come(make: Make) -> None:
    """The upstream end is late: things happen there only when it iterates."""
    given: list[None] = []
    _, waiter = make(upstream_iteration=lambda: given.append(None), silent_seconds=0.0, silent_iterations=7)
    assert waiter.until(Awaited(lambda _: len(given) == 7)) is Waited.CAME


def test_the_work_of_worker_processes_restarts_the_timeout(make: Make) -> None:
    app, waiter = make(silent_seconds=0.0, silent_iterations=7)
    app.work_a_look = 1.0
    assert waiter.until(Awaited(at_iteration(app, 50))) is Waited.CAME


# -- what never comes -----------------------------------------------------------------------------------------------


def test_worker_processes_that_never_rest_do_not_extend_a_wait_for_ever(make: Make) -> None:
    app, waiter = make(silent_seconds=0.0, silent_iterations=7, longest=0.2)
    app.work_a_look = 1.0
    assert waiter.until(Awaited(never)) is Waited.SILENT


def test_a_silent_app_is_told_after_enough_iterations(make: Make) -> None:
    app, waiter = make(silent_seconds=0.0, silent_iterations=7)
    assert waiter.until(Awaited(never)) is Waited.SILENT
    assert app.iterations == 7


def test_a_silent_app_is_told_after_enough_time(make: Make) -> None:
    _, waiter = make(silent_seconds=0.1, silent_iterations=1)
    began = time.monotonic()
    assert waiter.until(Awaited(never)) is Waited.SILENT
    assert time.monotonic() - began >= 0.1


def test_what_is_due_later_does_not_extend_a_wait_for_ever(make: Make) -> None:
    app, waiter = make(silent_seconds=0.0, silent_iterations=7)
    began = time.monotonic()
    assert waiter.until(Awaited(never, due=0.1)) is Waited.SILENT
    assert time.monotonic() - began >= 0.1
    assert app.iterations >= 7


def test_progress_restarts_the_timeout(make: Make) -> None:
    app, waiter = make(silent_seconds=0.0, silent_iterations=5, longest=FOREVER)
    awaited = Awaited(never, progress=lambda: min(app.iterations, 40))
    assert waiter.until(awaited) is Waited.SILENT
    assert app.iterations == 45


def test_progress_does_not_restart_the_timeout_for_ever(make: Make) -> None:
    app, waiter = make(silent_seconds=0.0, silent_iterations=5, longest=0.1)
    began = time.monotonic()
    assert waiter.until(Awaited(never, progress=lambda: app.iterations)) is Waited.SILENT
    assert time.monotonic() - began >= 0.1


def test_a_long_wait_has_its_iterations_on_a_slow_machine(make: Make) -> None:
    app, waiter = make(silent_seconds=0.0, silent_iterations=5, longest=0.0, longest_iterations=50)
    assert waiter.until(Awaited(never, progress=lambda: app.iterations)) is Waited.SILENT
    assert app.iterations >= 50


# -- a loop that does not iterate -----------------------------------------------------------------------------------


def test_a_blocked_app_is_found_by_its_liveness_ticks(make: Make) -> None:
    app, waiter = make(answers_never, blocked_seconds=0.0, blocked_ticks=9, blocked_seconds_without_ticks=FOREVER)
    assert waiter.until(Awaited(never)) is Waited.BLOCKED
    assert app.ticks == 9


def test_an_app_is_not_blocked_while_the_grader_is_busy_reading(make: Make) -> None:
    """A flood is read at each look, so that a second has few looks in it."""
    _, waiter = make(answers_never, blocked_seconds=0.0, blocked_ticks=0, blocked_looks=7)
    looks: list[None] = []

    def reads(_: float) -> bool:
        looks.append(None)
        return False

    assert waiter.until(Awaited(reads)) is Waited.BLOCKED
    assert len(looks) == 2 + 7  # the first two are before any control request


def test_a_blocked_app_is_given_the_seconds(make: Make) -> None:
    _, waiter = make(answers_never, blocked_seconds=0.1, blocked_ticks=1)
    began = time.monotonic()
    assert waiter.iterate(1) is Waited.BLOCKED
    assert time.monotonic() - began >= 0.1


def test_an_app_that_holds_the_interpreter_has_no_ticks_and_is_found_later(make: Make) -> None:
    app, waiter = make(answers_never, blocked_seconds=0.0, blocked_seconds_without_ticks=0.2)
    app.ticks_a_look = 0
    waiter.SLICE = 0.1  # longer than usual, so that a busy machine does not look starved here
    began = time.monotonic()
    assert waiter.until(Awaited(never)) is Waited.BLOCKED
    assert time.monotonic() - began >= 0.2


def test_threads_that_compute_without_a_tick_hold_the_interpreter(make: Make) -> None:
    app, waiter = make(answers_never, blocked_seconds=0.0, blocked_looks=1, blocked_seconds_without_ticks=FOREVER)
    app.ticks_a_look = 0
    app.snapshots = (Snapshot(False, (Thread(1, look, ran=0.1 * look),), is_exact=False) for look in itertools.count())
    assert waiter.until(Awaited(never)) is Waited.BLOCKED
    assert next(app.snapshots).ran > 0.85


@pytest.mark.parametrize("looking", [0.0, 0.2], ids=["the machine", "looks at many processes"])
def test_a_starved_machine_is_no_verdict(looking: float, make: Make) -> None:
    """Neither the app ticks nor does the grader get its slices: each look takes many times as long as it should.

    Where the app has so many processes that each look takes long, the machine is not starved.
    """
    app, waiter = make(answers_never, blocked_seconds=0.0, blocked_seconds_without_ticks=0.2)
    app.ticks_a_look, app.looking_a_call = 0, looking

    def starves(_: float) -> bool:
        app.over.wait(0.1)
        return False

    if looking:
        assert waiter.until(Awaited(starves)) is Waited.BLOCKED
    else:
        with pytest.raises(Inconclusive, match="machine"):
            waiter.until(Awaited(starves))


def test_what_comes_while_the_loop_seems_blocked_has_come(make: Make) -> None:
    app, waiter = make(answers_never, blocked_ticks=10**9)
    assert waiter.until(Awaited(lambda _: app.ticks >= 5)) is Waited.CAME


def test_an_app_that_is_busy_with_what_is_awaited_is_not_blocked(make: Make) -> None:
    app, waiter = make(answers_never, blocked_seconds=0.0, blocked_ticks=5, longest=FOREVER)
    awaited = Awaited(lambda _: app.ticks >= 50, progress=lambda: app.ticks // 2)
    assert waiter.until(awaited) is Waited.CAME


def test_a_loop_does_not_iterate_though_there_is_progress_for_long(make: Make) -> None:
    """A thread of the app can send a little now and then, while its loop sleeps until the time of the grade is over."""
    app, waiter = make(answers_never, blocked_seconds=0.0, blocked_ticks=5, longest=0.1)
    assert waiter.until(Awaited(lambda _: app.ticks >= 500, progress=lambda: app.ticks)) is Waited.BLOCKED


# -- an app that has gone, a grade that takes too long ----------------------------------------------------------------


def test_an_app_that_has_gone_is_told_at_once(make: Make) -> None:
    app, waiter = make(silent_seconds=FOREVER)
    app.alive = False
    assert waiter.until(Awaited(never)) is Waited.GONE
    assert waiter.iterate(1) is Waited.GONE
    assert waiter.stays_quiet(never) is Waited.GONE


def test_an_app_that_goes_while_it_is_asked_is_told_at_once(make: Make) -> None:
    def goes(app: FakeApp, connection: socket.socket) -> None:
        app.alive = False
        app.over.wait(DEADLINE)

    _, waiter = make(goes, blocked_seconds=FOREVER)
    assert waiter.until(Awaited(never)) is Waited.GONE


def test_what_an_app_sent_before_it_went_still_counts(make: Make) -> None:
    app, waiter = make()
    app.alive = False
    looks = iter([False, True])
    assert waiter.until(Awaited(lambda _: next(looks))) is Waited.CAME


@pytest.mark.parametrize("iteration", [answers, answers_never])
def test_overtime_is_no_verdict(iteration: Talk, make: Make) -> None:
    _, waiter = make(iteration, overtime=True, blocked_seconds=FOREVER)
    with pytest.raises(Inconclusive, match="time limit"):
        waiter.until(Awaited(never))


# -- what must not come ---------------------------------------------------------------------------------------------


def test_quiet_is_proven_by_iterations(make: Make) -> None:
    app, waiter = make(quiet_seconds=0.0, quiet_iterations=6)
    assert waiter.stays_quiet(never) is Waited.SILENT
    assert app.iterations == 6


def test_quiet_can_begin_later_and_the_grader_computes_nothing_until_then(make: Make) -> None:
    app, waiter = make(quiet_seconds=0.1, quiet_iterations=6)
    began, computed = time.monotonic(), time.thread_time()
    assert waiter.stays_quiet(waiting.never, until=began + 0.5) is Waited.SILENT
    assert time.monotonic() - began >= 0.5
    assert time.thread_time() - computed < 0.2
    assert app.iterations >= 6


def test_what_breaks_the_quiet_is_told_at_once(make: Make) -> None:
    app, waiter = make(quiet_seconds=FOREVER)
    assert waiter.stays_quiet(at_iteration(app, 4)) is Waited.CAME
    assert app.iterations == 4


def test_a_blocked_app_proves_no_quiet(make: Make) -> None:
    _, waiter = make(answers_never, blocked_seconds=0.0)
    assert waiter.stays_quiet(never) is Waited.BLOCKED


def test_iterations_are_counted(make: Make) -> None:
    app, waiter = make()
    assert waiter.iterate(5) is Waited.SILENT
    assert app.iterations == 5
