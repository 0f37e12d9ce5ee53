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

from grader.serving.timers import Timer, next_timer

DEADLINE = 60.0
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="reads numbers of system calls"
)


@contextmanager
def running(code: str) -> Iterator[int]:
    watchdog = "threading.Thread(target=threading.Event().wait, args=(50,), daemon=True).start()"
    code = f"import asyncio, threading, time, uvloop\n{watchdog}\n{code}"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def becomes(pid: int, condition: Callable[[Timer], bool]) -> None:
    deadline = monotonic() + DEADLINE
    while (found := next_timer([pid], app=pid)) is None or not condition(found):
        assert monotonic() < deadline


def is_none(timer: Timer) -> bool:
    return math.isinf(timer.seconds)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_timer_of_an_event_loop_is_seen(loop: str) -> None:
    with running(f"{loop}.run(asyncio.sleep(50))") as pid:
        becomes(pid, lambda timer: 40 < timer.seconds <= 50 and not timer.is_guess)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_event_loop_without_timers_has_none(loop: str) -> None:
    with running(f"async def main(): await asyncio.Event().wait()\n{loop}.run(main())") as pid:
        becomes(pid, is_none)


WAITS = {
    "sleep": "time.sleep(60)",
    "lock": "threading.Lock().acquire() and threading.Event().wait(60)",
    "select": "import select; select.select([], [], [], 60)",
    "time-out of a socket": """
import socket
one, other = socket.socketpair()
one.settimeout(1)
while True:
    try:
        one.recv(1)
    except TimeoutError:
        pass
""",
    "signal": "import signal; signal.sigtimedwait([signal.SIGUSR1], 60)",
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_a_thread_that_sleeps_is_seen(wait: str) -> None:
    with running(wait) as pid:
        becomes(pid, lambda timer: timer.seconds == 1.0)


@pytest.mark.parametrize("selector", ["PollSelector", "SelectSelector"])
def test_a_timer_of_another_selector_is_seen(selector: str) -> None:
    loop = f"lambda: asyncio.SelectorEventLoop(selectors.{selector}())"
    code = f"import selectors\nwith asyncio.Runner(loop_factory={loop}) as runner: runner.run(asyncio.sleep(50))"
    with running(code) as pid:
        becomes(pid, lambda timer: 40 < timer.seconds <= 50 if selector == "PollSelector" else timer.is_guess)


def test_a_timer_of_a_second_is_known() -> None:
    with running("import select\nwhile True: select.epoll().poll(1.0)") as pid:
        becomes(pid, lambda timer: timer == Timer(1.0))


def test_a_timer_that_is_a_descriptor_is_seen() -> None:
    create = "import ctypes; libc = ctypes.CDLL(None); timer = libc.timerfd_create(1, 0)"
    value = "(ctypes.c_long * 4)(0, 0, 60, 0)"
    with running(f"{create}; libc.timerfd_settime(timer, 0, {value}, None); threading.Event().wait()") as pid:
        becomes(pid, lambda timer: timer.is_guess and timer.seconds == 1.0)
    with running(f"{create}; threading.Event().wait()") as pid:
        becomes(pid, is_none)


def test_a_thread_that_waits_for_another_has_no_timer() -> None:
    with running("threading.Event().wait()") as pid:
        becomes(pid, is_none)


def test_only_the_apps_first_process_has_a_thread_of_the_grader() -> None:
    with running("threading.Event().wait()") as pid:
        becomes(pid, is_none)
        becomes(pid, lambda _: next_timer([pid], app=1) == Timer(1.0, is_guess=True))


def test_a_process_that_has_ended_tells_nothing() -> None:
    with running("") as pid:
        pass
    assert next_timer([pid], app=pid) is None
