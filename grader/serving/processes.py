"""Leaves no process behind: adopts what the app orphans, and ends everything that came of it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Make this process the parent of every orphan below it, so that a daemonised one cannot slip away (Linux)."""
    if sys.platform == "linux":
        import ctypes  # late: the app is booting meanwhile

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_group(pid: int) -> None:
    """SIGKILL to the process group that ``pid`` leads; no complaint when it has gone already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def terminate(pid: int) -> None:
    """SIGTERM to a grader that is a child of this process; returns when it has ended, its app first. Not yet reaped."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGTERM)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def end_strays(*, marker: str, spare: Iterable[int]) -> None:
    """End what has left the app's process group: adopted orphans, and processes whose environment holds ``marker``.

    ``spare`` are children that this process had before.
    """
    if sys.platform == "linux" and not _has_children():
        return
    spared = set(spare) | {os.getpid()}
    for _ in range(50):  # a stray may fork while it is being ended
        found = [pid for pid in _descendants(marker) if pid not in spared]
        if not found:
            return
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in found:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def children() -> list[int]:
    """The process ids of this process's children, dead or alive."""
    if sys.platform == "linux" and not _has_children():
        return []
    import psutil  # only when there is something to find: it walks over all processes

    return [child.pid for child in psutil.Process().children()]


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _descendants(marker: str) -> list[int]:
    import psutil

    found = {child.pid for child in psutil.Process().children(recursive=True)}
    if sys.platform != "linux":  # no orphan is adopted there: know them by what they inherited
        found |= {process.pid for process in psutil.process_iter() if _is_marked(process, marker)}
    return sorted(found)


def _is_marked(process: object, marker: str) -> bool:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return marker in process.environ().values()
    except (psutil.Error, OSError):
        return False
