"""What a process asks of the kernel about itself and its children. It needs the standard library only.

The graders, the app's process and the fork server use it. Elsewhere than on Linux, prctl(2) does nothing.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable
from functools import cache

#: Seconds for a process, and what it has started, to end after SIGKILL; it takes milliseconds. Then it is left: the
#: system cannot end it.
END_TIMEOUT = 10.0
#: Seconds for a grader to end after SIGTERM: it ends its app first, and what the app has started.
GRADERS_TIMEOUT = 3 * END_TIMEOUT
# linux/prctl.h
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 4, 36, 38


def adopt_orphans() -> None:
    """Make this process the parent of every orphan below it, so that a daemonised one cannot slip away."""
    _prctl()(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def set_dumpable(is_dumpable: bool) -> None:
    """Whether processes of the same user may trace this one, or read its memory and environment; root always can.

    A child that is forked inherits it; execve(2) resets it.
    """
    _prctl()(_PR_SET_DUMPABLE, int(is_dumpable), 0, 0, 0)


def forbid_new_privileges() -> None:
    """No program that this process or its children start gets more privileges than they have."""
    _prctl()(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def has_children() -> bool:
    """Whether this process has a child, dead or alive."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def has_ended(pid: int, within: float) -> bool:
    """Whether a child has ended, after a wait of up to so many seconds. It is not reaped. True where it was before.

    A process that waits for a device or a file system of the network does not end, whatever signal it gets.
    """
    deadline = time.monotonic() + within
    while not _is_over(pid):
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        _rest(pid, left)
    return True


def _is_over(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _rest(pid: int, seconds: float) -> None:
    """Wait for the end of a child; without pidfds (macOS, some containers) only a short time."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        time.sleep(min(seconds, 0.005))
        return
    try:
        select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)


@cache
def _prctl() -> Callable[[int, int, int, int, int], object]:
    if sys.platform != "linux":
        return lambda *_: None
    import ctypes  # late: the app is booting meanwhile

    return ctypes.CDLL(None).prctl
