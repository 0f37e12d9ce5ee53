"""Which timers the threads of a process wait for, from outside: the system call of each, and its timeout (Linux).

The kernel shows it to root, and to the parent of a process; elsewhere it is not known.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Final, NamedTuple

from grader.serving.usage import read


class Timer(NamedTuple):
    """``seconds`` as they were when its thread went to sleep; a guess where the kernel does not show its length."""

    seconds: float
    is_guess: bool = False  # of two that are equal, the one whose length is known comes first


_NONE: Final = Timer(math.inf)
_UNTOLD: Final = Timer(1.0, is_guess=True)


class _Kind(Enum):
    """How a system call gets its timeout."""

    MILLISECONDS = "a number; a negative one means none"
    POINTER = "where its length is stored, which the kernel does not show; 0 means none"
    ALWAYS = "it has one in any case"


class _Timeout(NamedTuple):
    """``argument``: which one it is, from 1."""

    kind: _Kind
    argument: int = 0


_IN_4TH, _AT_3RD, _AT_4TH, _AT_5TH = (
    _Timeout(_Kind.MILLISECONDS, 4),
    *(_Timeout(_Kind.POINTER, number) for number in (3, 4, 5)),
)
_SLEEPS: Final = _Timeout(_Kind.ALWAYS)

#: The system calls in which a thread may wait for a time, by their numbers. Each other one waits for something else.
_CALLS: Final[Mapping[str, Mapping[int, _Timeout]]] = {
    "x86_64": {
        **dict.fromkeys((232, 281), _IN_4TH),  # epoll_wait, epoll_pwait
        7: _Timeout(_Kind.MILLISECONDS, 3),  # poll
        **dict.fromkeys((271, 128), _AT_3RD),  # ppoll, rt_sigtimedwait
        **dict.fromkeys((202, 441, 449, 220), _AT_4TH),  # futex, epoll_pwait2, futex_waitv, semtimedop
        **dict.fromkeys((23, 270, 299, 208, 243), _AT_5TH),  # select, pselect6, recvmmsg, io_getevents, mq_timedreceive
        **dict.fromkeys((35, 230), _SLEEPS),  # nanosleep, clock_nanosleep
    },
    "aarch64": {
        22: _IN_4TH,  # epoll_pwait
        **dict.fromkeys((73, 137), _AT_3RD),  # ppoll, rt_sigtimedwait
        **dict.fromkeys((98, 441, 449, 192), _AT_4TH),  # futex, epoll_pwait2, futex_waitv, semtimedop
        **dict.fromkeys((72, 243, 4, 183), _AT_5TH),  # pselect6, recvmmsg, io_getevents, mq_timedreceive
        **dict.fromkeys((101, 115), _SLEEPS),  # nanosleep, clock_nanosleep
    },
}
#: The name of a descriptor that becomes readable at a time (timerfd_create(2)): any call may wait for it.
_DESCRIPTOR: Final = "anon_inode:[timerfd]"
_UNSET: Final = b"it_value: (0, 0)"


def next_timer(pids: Iterable[int], *, app: int) -> Timer | None:
    """The nearest timer; one of infinite seconds where there is none.

    The second thread of the process ``app`` is the grader's own, with a timer for its ticks. None where it is not
    known: on other systems and machines, and where the kernel does not show it.
    """
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return None
    nearest = _NONE
    try:
        for pid in pids:
            for thread in _threads(pid, has_watchdog=pid == app):
                nearest = min(nearest, _of_thread(calls, f"/proc/{pid}/task/{thread}/syscall"))
            for descriptor in os.listdir(f"/proc/{pid}/fd"):
                nearest = min(nearest, _of_descriptor(pid, descriptor))
    except (OSError, ValueError):
        return None
    return nearest


def _threads(pid: int, *, has_watchdog: bool) -> list[int]:
    """Without that of the watchdog: it is the second one, as it begins before any code of a learner is loaded."""
    first, *others = sorted(map(int, os.listdir(f"/proc/{pid}/task")), key=lambda thread: (thread != pid, thread))
    return [first, *(others[1:] if has_watchdog else others)]


def _of_thread(calls: Mapping[int, _Timeout], path: str) -> Timer:
    with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
        return _timer(calls, read(path).split())
    return _NONE


def _timer(calls: Mapping[int, _Timeout], fields: list[bytes]) -> Timer:
    if len(fields) < 7:  # it runs
        return Timer(0.0)
    match calls.get(int(fields[0])):
        case _Timeout(_Kind.MILLISECONDS, argument):
            milliseconds = int(fields[argument], 16) & 0xFFFFFFFF
            return _NONE if milliseconds > 0x7FFFFFFF else Timer(milliseconds / 1000)
        case _Timeout(_Kind.POINTER, argument):
            return _UNTOLD if int(fields[argument], 16) else _NONE
        case _Timeout(_Kind.ALWAYS):
            return _UNTOLD
    return _NONE


def _of_descriptor(pid: int, descriptor: str) -> Timer:
    with suppress(FileNotFoundError):  # it has just been closed
        is_timer = os.readlink(f"/proc/{pid}/fd/{descriptor}") == _DESCRIPTOR
        if is_timer and _UNSET not in read(f"/proc/{pid}/fdinfo/{descriptor}"):
            return _UNTOLD
    return _NONE
