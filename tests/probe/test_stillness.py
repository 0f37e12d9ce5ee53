"""Sleep is added up only where looks prove it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.probe.stillness import Stillness
from grader.serving.threads import Snapshot, Thread

LOOP, OTHER = 1, 2


def seen(*, asleep: bool = True, loop: int = 0, other: int = 0, awake: float = 0.0) -> Snapshot:
    """A look at two threads, which have gone to sleep so often; the other one was awake for so many seconds."""
    threads = (Thread(LOOP, loop), Thread(OTHER, other, ran=awake))
    return Snapshot(asleep, threads, loop_sleeps=asleep)


def after(*looks: tuple[float, Snapshot]) -> Stillness:
    still = Stillness()
    for at, snapshot in looks:
        still.look(at, snapshot)
    return still


def test_threads_that_have_not_run_between_two_looks_have_slept() -> None:
    still = after((0.0, seen()), (0.01, seen()), (0.02, seen()))
    assert still.seconds == pytest.approx(0.02)
    assert still.unbroken == pytest.approx(0.02)


def test_one_look_proves_nothing() -> None:
    assert after((0.0, seen())).seconds == 0.0


def test_a_thread_that_is_awake_ends_the_sleep() -> None:
    still = after((0.0, seen()), (0.01, seen(asleep=False)), (0.02, seen()))
    assert (still.seconds, still.unbroken, still.grew) == (0.0, 0.0, False)


def test_a_thread_that_was_awake_between_two_looks_has_slept_for_the_rest_of_the_time() -> None:
    still = after((0.0, seen()), (0.01, seen(other=1, awake=0.002)))
    assert still.seconds == pytest.approx(0.008)
    assert still.unbroken == pytest.approx(0.01)


def test_the_sleep_of_the_loop_is_broken_when_it_runs() -> None:
    still = after((0.0, seen()), (0.01, seen()), (0.02, seen(loop=1)))
    assert still.seconds == pytest.approx(0.02)
    assert still.unbroken == 0.0


def test_a_machine_that_stood_proves_little() -> None:
    assert after((0.0, seen()), (9.0, seen())).seconds < 0.02


ALONE = Snapshot(is_asleep=True, threads=(Thread(LOOP, 0),), loop_sleeps=True)


def test_a_thread_that_has_come_has_been_awake_for_as_long_as_it_was_since() -> None:
    assert after((0.0, ALONE), (0.01, seen(awake=0.002))).seconds == pytest.approx(0.008)


def test_a_time_in_which_a_thread_has_ended_counts_for_little() -> None:
    """For how long it had waited for a processor is not known."""
    assert after((0.0, seen()), (0.003, ALONE)).seconds == pytest.approx(0.003)
    assert after((0.0, seen()), (0.01, ALONE)).seconds == pytest.approx(0.005)
    assert after((0.0, seen()), (0.01, replace(ALONE, used=0.002))).seconds == pytest.approx(0.003)


def test_where_states_are_not_known_threads_that_come_or_go_prove_nothing() -> None:
    assert after((0.0, seen()), (0.003, replace(ALONE, is_exact=False))).seconds == 0.0


def test_a_look_that_is_late_as_this_process_had_no_processor_proves_as_much() -> None:
    """Else an app could rest on a busy machine, unseen."""
    still = Stillness()
    still.look(0.0, seen(), waited=7.0)
    still.look(0.05, seen(), waited=7.03)
    assert still.seconds == pytest.approx(0.045)
    assert still.unbroken == pytest.approx(0.045)


def test_the_sleep_until_something_happened_counts_a_little() -> None:
    still = after((0.0, seen()))
    still.end(0.002, seen(asleep=False, loop=1))
    assert still.seconds == pytest.approx(0.002)


def starting(*, ran: float = 0.0, waited: float = 0.0) -> Snapshot:
    """A look at a loop that sleeps until a new thread has begun, which could go on."""
    threads = (Thread(LOOP, 0), Thread(OTHER, 0, ran, waited, is_ready=True))
    return Snapshot(is_asleep=False, threads=threads, loop_sleeps=True)


def test_a_loop_that_waits_for_a_thread_that_gets_no_processor_is_not_blocked_meanwhile() -> None:
    still = after((0.0, seen()), (0.01, starting()), (0.02, starting()))
    assert still.unbroken == 0.0


def test_what_a_thread_has_waited_for_a_processor_does_not_count() -> None:
    still = after((0.0, seen()), (0.01, starting(ran=0.001, waited=0.007)))
    assert still.unbroken == pytest.approx(0.003)


def test_a_loop_that_waits_for_a_thread_that_computes_is_blocked() -> None:
    still = after((0.0, seen()), (0.01, starting(ran=0.01)), (0.02, starting(ran=0.02)))
    assert still.unbroken == pytest.approx(0.02)
