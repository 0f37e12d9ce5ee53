"""What a process asks of the kernel about itself and its children. It needs the standard library only.

The graders, the app's process and the fork server use it. Elsewhere than on Linux, prctl(2) does nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache

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


@cache
def _prctl() -> Callable[[int, int, int, int, int], object]:
    if sys.platform != "linux":
        return lambda *_: None
    import ctypes  # late: the app is booting meanwhile

    return ctypes.CDLL(None).prctl
