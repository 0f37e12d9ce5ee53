"""Which timers the threads of a process wait for, from outside: the system call of each, and its timeout (Linux).

The kernel shows it to root, and to the parent of a process; elsewhere it is not known.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from grader.serving.usage import read


class _Calls(NamedTuple):
    """Numbers of system calls: those of an event loop, whose fourth argument is a timeout in milliseconds, and more."""

    polls: frozenset[int]  # epoll_wait, epoll_pwait
    sleeps: frozenset[int]  # nanosleep, clock_nanosleep
    waits: frozenset[int]  # futex; the fourth argument points to the timeout


_CALLS: Final[Mapping[str, _Calls]] = {
    "x86_64": _Calls(frozenset({232, 281}), frozenset({35, 230}), frozenset({202})),
    "aarch64": _Calls(frozenset({22}), frozenset({101, 115}), frozenset({98})),
}
#: Seconds for a thread that sleeps: the kernel shows where its timeout is stored, and not how long it is.
_OF_A_THREAD: Final = 1.0


def next_timer(pids: Iterable[int]) -> float | None:
    """Seconds of the nearest timer, as it was when its thread went to sleep; infinite where there is none.

    None where that is not known: on other systems and machines, and where the kernel does not show it.
    """
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return None
    nearest = math.inf
    try:
        for pid in pids:
            for thread in os.listdir(f"/proc/{pid}/task"):
                nearest = min(nearest, _timer(calls, read(f"/proc/{pid}/task/{thread}/syscall").split()))
    except (OSError, ValueError):
        return None
    return nearest


def _timer(calls: _Calls, fields: list[bytes]) -> float:
    if len(fields) < 5:  # it runs
        return 0.0
    number, timeout = int(fields[0]), int(fields[4], 16)
    if number in calls.polls:
        milliseconds = timeout & 0xFFFFFFFF
        return math.inf if milliseconds > 0x7FFFFFFF else milliseconds / 1000
    return _OF_A_THREAD if number in calls.sleeps or (number in calls.waits and timeout) else math.inf
