"""Which timers another process waits for, from outside."""

from __future__ import annotations

import math
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from grader.serving.timers import next_timer

DEADLINE = 60.0
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="reads numbers of system calls"
)


@contextmanager
def running(code: str) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", f"import asyncio, threading, time, uvloop\n{code}"]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def becomes(pid: int, condition: Callable[[float], bool]) -> None:
    deadline = monotonic() + DEADLINE
    while (found := next_timer([pid])) is None or not condition(found):
        assert monotonic() < deadline


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_timer_of_an_event_loop_is_seen(loop: str) -> None:
    with running(f"{loop}.run(asyncio.sleep(50))") as pid:
        becomes(pid, lambda seconds: 40 < seconds <= 50)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_event_loop_without_timers_has_none(loop: str) -> None:
    with running(f"async def main(): await asyncio.Event().wait()\n{loop}.run(main())") as pid:
        becomes(pid, math.isinf)


@pytest.mark.parametrize("wait", ["time.sleep(60)", "threading.Lock().acquire() and threading.Event().wait(60)"])
def test_a_thread_that_sleeps_is_seen(wait: str) -> None:
    with running(wait) as pid:
        becomes(pid, lambda seconds: seconds == 1.0)


def test_a_thread_that_waits_for_another_has_no_timer() -> None:
    with running("threading.Event().wait()") as pid:
        becomes(pid, math.isinf)


def test_a_process_that_has_ended_tells_nothing() -> None:
    with running("") as pid:
        pass
    assert next_timer([pid]) is None
