"""Whether this machine is at fault where an app says so: the grader tries the same itself, right then.

The learner's code can say whatever it likes, and a fault of the machine costs no points.
"""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from grader.serving import connections

#: Threads that every app may have: the 64 of asyncio.to_thread, the 40 of the framework, and some of its own.
FEW_THREADS: Final = 128
#: Threads that the grader tries to start: one that ends meanwhile, of whatever process, makes room for one.
_TRIED: Final = 16
#: Seconds between two trials, each of which takes a millisecond or two: an app can complain without end.
_PAUSE: Final = 0.05


class Witness:
    """``members`` tells the processes of the app, and ``upstream`` is the address to which it cannot connect."""

    def __init__(self, upstream: tuple[str, int], members: Callable[[], Iterable[int]]) -> None:
        self._upstream = upstream
        self._members = members
        self._next: dict[str, float] = {}

    def no_upstream(self) -> str:
        """What the system says where this process cannot connect to the upstream either; else ""."""
        if self._is_too_soon("upstream"):
            return ""
        try:
            with connections.connect(self._upstream) as connection:
                connections.abort_at_close(connection)
        except (ConnectionError, TimeoutError):
            return ""  # of the server's, which this machine can reach
        except OSError as error:
            return str(error)
        return ""

    def no_threads(self) -> bool:
        """Whether the system refuses a thread, by `ulimit -u` or by a container, though the app has few."""
        if self._is_too_soon("threads"):
            return False
        count = _threads_of(self._members())
        limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
        # Of root's own threads none is refused by that limit, but an app may be another user.
        is_at_limit = limit != resource.RLIM_INFINITY and count + _TRIED >= limit
        return count < FEW_THREADS and (is_at_limit or not _can_start(_TRIED))

    def _is_too_soon(self, trial: str) -> bool:
        now = time.monotonic()
        if now < self._next.get(trial, 0.0):
            return True
        self._next[trial] = now + _PAUSE
        return False


def _threads_of(pids: Iterable[int]) -> int:
    """How many threads these processes have; 0 where that is not known."""
    found = 0
    for pid in pids:
        with suppress(OSError):
            found += len(os.listdir(f"/proc/{pid}/task"))
    return found


def _can_start(count: int) -> bool:
    """Whether this process can have so many threads more at a time."""
    end = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(count):
            thread = threading.Thread(target=end.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:
        return False
    finally:
        end.set()
        for thread in started:
            thread.join()
    return True
