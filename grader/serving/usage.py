"""Processor time, memory and state of processes, from /proc (Linux). On other systems all values are zero."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

#: Whether the values of this module mean anything here.
IS_KNOWN = sys.platform == "linux"
_SHORT = 1 << 16  # bytes
_TICKS = os.sysconf("SC_CLK_TCK")  # a second
_PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes


def children(pid: int) -> list[int]:
    """The children of all threads of the process; none where it has ended."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):  # this thread has ended
                found += map(int, read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def read(path: str) -> bytes:
    """A file of /proc that has a few lines, read at once; each costs some 15 microseconds. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, _SHORT)
    finally:
        os.close(descriptor)


def family(pids: Iterable[int]) -> Iterator[int]:
    """``pids`` and all their descendants."""
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children(pid)


def worker_seconds(pid: int) -> float:
    """Processor seconds that all descendants of ``pid`` have used, also those that it has already waited for."""
    descendants = sum(_seconds(worker)[0] for worker in family(children(pid)))
    return descendants + _seconds(pid)[1]


def own_seconds(pid: int) -> float:
    """Processor seconds that all threads of the process have used, without those of other processes."""
    return _seconds(pid)[0]


def is_stopped(pid: int) -> bool:
    """Whether a signal has stopped the process, so that it does nothing until another one lets it go on."""
    with suppress(OSError):
        return read(f"/proc/{pid}/stat").rpartition(b") ")[2][:1] == b"T"
    return False


def memory(pids: Iterable[int], *, limit: int) -> int:
    """Bytes of memory in use. Above ``limit`` memory that several processes share is counted once, below it may not be.

    To count it once takes the kernel about 1 ms for each 100 MiB, and to count it for each process next to nothing.
    """
    found = list(pids)
    tables = sum(map(_page_tables, found))
    resident = sum(map(_resident, found)) + tables
    return resident if resident <= limit else sum(map(_proportional, found)) + tables


def descriptors(pids: Iterable[int], *, limit: int) -> int:
    """The number of files, connections and pipes that are open. Above ``limit`` those that processes share count once.

    Below it they may not: a process that was forked has all those of its parent, and to compare them takes long.
    """
    found = list(pids)
    count = sum(map(_descriptors, found))
    return count if count <= limit else len({file for pid in found for file in _open_files(pid)})


def _open_files(pid: int) -> Iterator[str]:
    """What tells the open files of the process apart, such as "socket:[7]". All differ where it hides them."""
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except PermissionError:
        yield from (f"{pid}: {number}" for number in range(_descriptors(pid)))
        return
    except OSError:  # it has ended
        return
    for number in numbers:
        with suppress(OSError):  # it was closed
            yield os.readlink(f"/proc/{pid}/fd/{number}")


def _descriptors(pid: int) -> int:
    """A look at the folder costs 2 microseconds. Linux before 6.2 does not tell the number there."""
    with suppress(OSError):
        return os.stat(f"/proc/{pid}/fd").st_size or len(os.listdir(f"/proc/{pid}/fd"))
    return 0


def _seconds(pid: int) -> tuple[float, float]:
    """Of the process itself, and of its children that have been waited for (proc_pid_stat(5), fields 14 to 17)."""
    with suppress(OSError):
        fields = read(f"/proc/{pid}/stat").rpartition(b") ")[2].split()
        user, system, childrens_user, childrens_system = map(int, fields[11:15])
        return (user + system) / _TICKS, (childrens_user + childrens_system) / _TICKS
    return 0.0, 0.0


def _resident(pid: int) -> int:
    with suppress(OSError):
        return int(read(f"/proc/{pid}/statm").split()[1]) * _PAGE
    return 0


def _page_tables(pid: int) -> int:
    """Of the kernel, for this process alone: pages that are only read cost nothing else."""
    with suppress(OSError, ValueError, IndexError):
        return int(read(f"/proc/{pid}/status").partition(b"VmPTE:")[2].split()[0]) << 10
    return 0


def _proportional(pid: int) -> int:
    """Its PSS: of memory that n processes share, the n-th part. Linux before 4.14 does not have the file."""
    with suppress(OSError):
        lines = read(f"/proc/{pid}/smaps_rollup").splitlines()
        return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(b"Pss:"))
    return _resident(pid)
