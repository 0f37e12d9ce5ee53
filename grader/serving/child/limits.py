"""Limits for an app's process."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress

from grader.serving import kernel

#: Bytes. No kata writes files, and a library may keep a small cache; this only stops an app that writes without end.
_LARGEST_FILE = 256 << 20
_THREADS = 300  # each reserves a stack
_STACK = 8 << 20  # bytes of a stack where the size is unlimited; glibc takes 2 MiB


def stay_on_one_processor() -> None:
    """Have all threads share a processor, so that none is left behind while another goes on; new threads inherit it.

    A wait for the app is given up when its event loop has iterated often. On a busy machine of several processors that
    says nothing about the app's other threads, unless they take turns with the loop.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # some containers forbid it, which must not count against the app
            allowed = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


def keep_small(memory: int) -> None:
    """Limit files, which no kata needs, to 256 MiB each, and core dumps to none; let no program gain privileges.

    The limit of ``memory`` (bytes) is kept from outside, by :mod:`grader.serving.guard`. RLIMIT_DATA counts reserved
    stacks, too, so it only stops what is far beyond: at once, and with a MemoryError that names the line.
    """
    if sys.platform == "linux":
        stack = resource.getrlimit(resource.RLIMIT_STACK)[0]
        _lower(resource.RLIMIT_DATA, memory + _THREADS * (stack if stack != resource.RLIM_INFINITY else _STACK))
    _lower(resource.RLIMIT_FSIZE, _LARGEST_FILE)
    _lower(resource.RLIMIT_CORE, 0)
    kernel.forbid_new_privileges()


def _lower(which: int, limit: int) -> None:
    """Set a limit, unless the caller has set a lower one already."""
    limits = [limit, *(found for found in resource.getrlimit(which) if found != resource.RLIM_INFINITY)]
    resource.setrlimit(which, (min(limits), min(limits)))
