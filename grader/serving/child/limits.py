"""What an app's process may use."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress


def stay_on_one_processor() -> None:
    """Have all threads share a processor, so that none is left behind while another goes on; new threads inherit it.

    A wait for the app is given up when its event loop has iterated often. On a busy machine of several processors that
    says nothing about the app's other threads, unless they take turns with the loop.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # some containers forbid it, which must not count against the app
            allowed = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


def limit_memory(limit: int) -> None:
    """Private writable memory only: address space would count the stacks of idle threads."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
