"""What the threads of processes do, from outside: whether all of them sleep, and for how long they have been awake.

On Linux a thread that could go on is never in state S, however busy the machine is: it is in R while it waits for a
processor, and in D while it waits for a disk. In T it has been stopped by a signal, and does nothing either. The kernel
counts the time for which a thread has run and for which it has waited for a processor; the rest of the time it has
slept.

Elsewhere that is not known. There the counts of switches and the processor seconds stand for it, which do not change
while a thread waits for a processor either; so what is concluded from them needs a longer time.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from grader.serving.usage import read

_STATE: Final = b"\nState:\t"
#: States of a thread that does nothing by itself: it sleeps, or has been stopped, by a signal or by one that traces it.
_SLEEPS: Final = {b"S", b"T", b"t"}
_SWITCHES: Final = b"\nvoluntary_ctxt_switches:"
_NANO: Final = 1e-9
#: Of the number of another process's clock (linux/include/linux/posix-timers_types.h).
_CPUCLOCK_SCHED: Final = 2
#: Numbers of clone, vfork and clone3 on x86-64; of clone on ARM.
_VFORKS: Final = {b"56", b"58", b"435"} if platform.machine() == "x86_64" else {b"220", b"435"}
#: Numbers of write and writev.
_WRITES: Final = {b"1", b"20"} if platform.machine() == "x86_64" else {b"64", b"66"}
#: Processor seconds in which a process has started: an interpreter that imports FastAPI takes 0.7.
_STARTED: Final = 1.0
#: The same of one that was forked, and runs no other program: it begins at once.
_FORKED: Final = 0.05
#: A flag of such a process (linux/include/linux/sched.h).
_PF_FORKNOEXEC: Final = 0x40
#: Seconds between two looks that count at most where a thread has ended between them: two looks are 3 ms apart.
_WITH_AN_END: Final = 0.005


class Thread(NamedTuple):
    """One thread, or where threads are not known one process: the seconds for which it has ``ran``, and ``waited``."""

    number: int
    switches: object  # has changed if it has run
    ran: float = 0.0
    waited: float = 0.0  # for a processor, until it has got one last
    is_ready: bool = False  # it runs, or waits for a processor


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All threads at one look; the first is that of the event loop.

    ``is_exact`` says whether a thread that waits for a processor is known to be awake. ``used`` are the processor
    seconds of all its processes so far, with those of threads that have ended.
    """

    is_asleep: bool
    threads: tuple[Thread, ...] = ()
    loop_sleeps: bool = False
    is_exact: bool = True
    used: float = 0.0

    def slept_since(self, earlier: Snapshot, seconds: float) -> float:
        """For how many of the ``seconds`` since an ``earlier`` look all threads have slept, at least.

        For how long a thread that has ended had waited for a processor is not known, so a time in which one has ended
        counts for little. An app that rests cannot hide that behind threads that come and go.
        """
        if [thread[:2] for thread in self.threads] == [thread[:2] for thread in earlier.threads]:
            return seconds if self.is_asleep and earlier.is_asleep else 0.0
        if not self.is_exact:
            return 0.0
        before = {thread.number: thread.ran + thread.waited for thread in earlier.threads}
        awake = sum(thread.ran + thread.waited - before.pop(thread.number, 0.0) for thread in self.threads)
        if not before:
            return max(0.0, seconds - awake)
        return max(0.0, min(seconds, _WITH_AN_END) - max(awake, self.used - earlier.used))

    def loop_slept_since(self, earlier: Snapshot) -> bool:
        """Whether the thread of the event loop has slept since, without a break."""
        return self.loop_sleeps and earlier.loop_sleeps and self.threads[:1] == earlier.threads[:1]

    def held_up_since(self, earlier: Snapshot, seconds: float) -> float:
        """For how many of the ``seconds`` since an ``earlier`` look a thread beside the loop's has had no processor.

        The loop may wait for that thread: for a lock that it holds, or to begin when it is new.
        """
        before = {thread.number: thread for thread in earlier.threads}
        pairs = [(before.get(thread.number, Thread(thread.number, None)), thread) for thread in self.threads[1:]]
        if any(now.is_ready and now.ran == then.ran for then, now in pairs):
            return seconds
        return min(seconds, sum(max(0.0, now.waited - then.waited) for then, now in pairs))

    @property
    def busy(self) -> float:
        """For how many seconds threads beside that of the event loop have been awake so far."""
        return sum(thread.ran + thread.waited for thread in self.threads[1:])

    @property
    def ran(self) -> float:
        """For how many seconds all threads have run so far."""
        return sum(thread.ran for thread in self.threads)

    @property
    def worked(self) -> float:
        """For how many of these seconds they have run."""
        return sum(thread.ran for thread in self.threads[1:])


NOTHING: Final = Snapshot(is_asleep=False)


def snapshot(pids: Iterable[int], output: os.stat_result | None = None) -> Snapshot:
    """The threads of these processes, the app's own first. If that ends during the look, nothing is known.

    ``output`` is a pipe that this process reads. A thread that waits for room in it is not asleep: it waits for us.
    """
    try:
        return _exact(pids, output) if sys.platform == "linux" else _portable(pids)
    except (OSError, ValueError):
        return NOTHING


def processor_seconds(pid: int) -> float:
    """Processor seconds of the first thread of a process, which runs an app's event loop; 0.0 where it is not known."""
    with suppress(OSError, ValueError):
        return _seconds(pid, pid)[0]
    return 0.0


def held_up_seconds(pid: int) -> float:
    """For how long the first thread of a process has waited for a processor so far; 0.0 where it is not known."""
    with suppress(OSError, ValueError):
        return _seconds(pid, pid)[1]
    return 0.0


def own_wait() -> float:
    """For how long the thread that calls has waited for a processor so far; 0.0 where it is not known."""
    with suppress(OSError, ValueError):
        return _seconds(os.getpid(), threading.get_native_id())[1]
    return 0.0


class Start(NamedTuple):
    """The start of a process: the seconds for which it ``ran``, and ``waited`` for a processor, of those it may need.

    Afterwards it does its work.
    """

    ran: float
    waited: float
    needed: float

    def since(self, earlier: Start) -> float:
        """For how long it has been starting since an ``earlier`` look."""
        if earlier.ran >= self.needed:
            return 0.0
        return min(self.ran, self.needed) - earlier.ran + self.waited - earlier.waited


#: Those of several processes, by their numbers.
Starts = Mapping[int, Start]


def starts(pids: Iterable[int]) -> Starts:
    """How far these processes have started; nothing where that is not known."""
    found = {}
    for pid in pids:
        with suppress(OSError, ValueError):
            found[pid] = Start(*_seconds(pid, pid), needed=_FORKED if _is_a_fork(pid) else _STARTED)
    return found


def starting_seconds(now: Starts, earlier: Starts) -> float:
    """For how long processes have been starting since an ``earlier`` look."""
    return sum(start.since(earlier.get(pid, Start(0.0, 0.0, 0.0))) for pid, start in now.items())


def _exact(pids: Iterable[int], output: os.stat_result | None) -> Snapshot:
    found: list[Thread] = []
    places: list[tuple[int, int]] = []
    sleeps: list[bool] = []
    used = 0.0
    for pid in pids:
        for number in _threads_of(pid, is_first=not found):
            try:
                status, seconds = read(f"/proc/{pid}/task/{number}/status"), _seconds(pid, number)
            except OSError:  # it has ended since
                if not found:
                    raise
                continue
            state, switches = status.partition(_STATE)[2][:1], status.partition(_SWITCHES)[2]
            if state == b"Z":  # a process that has ended, and that nothing has waited for yet
                continue
            is_asleep = state in _SLEEPS or (state == b"D" and _waits_for_a_child(pid, number))
            sleeps.append(is_asleep and bool(switches))
            places.append((pid, number))
            found.append(Thread(number, switches, *seconds, is_ready=state == b"R"))
        used += _used(pid)
    loop_sleeps = sleeps[:1] == [True] and not _writes_to(output, *places[0])
    is_asleep = loop_sleeps and all(sleeps) and not any(_writes_to(output, *place) for place in places[1:])
    return Snapshot(is_asleep, tuple(found), loop_sleeps=loop_sleeps, used=used)


def _threads_of(pid: int, *, is_first: bool) -> list[int]:
    """The process's own thread, and its others; none where it has ended. Raises OSError then if it is the first."""
    try:
        return sorted(map(int, os.listdir(f"/proc/{pid}/task")), key=pid.__ne__)
    except OSError:
        if is_first:
            raise
        return []


def _used(pid: int) -> float:
    """Processor seconds of the process, with those of threads that have ended; 0.0 where it has ended."""
    with suppress(OSError):
        return time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED)
    return 0.0


def _is_a_fork(pid: int) -> bool:
    """Whether the process runs the program of its parent (proc_pid_stat(5), field 9)."""
    flags = int(read(f"/proc/{pid}/stat").rpartition(b") ")[2].split()[6])
    return bool(flags & _PF_FORKNOEXEC)


def _writes_to(pipe: os.stat_result | None, pid: int, thread: int) -> bool:
    """Whether the thread is in a call that writes to ``pipe``; False where that is not known."""
    if pipe is None:
        return False
    with suppress(OSError, ValueError):
        number, descriptor, *_ = read(f"/proc/{pid}/task/{thread}/syscall").split()
        return number in _WRITES and os.path.samestat(os.stat(f"/proc/{pid}/fd/{int(descriptor, 16)}"), pipe)
    return False


def _waits_for_a_child(pid: int, thread: int) -> bool:
    """Whether a thread that no signal wakes waits for no disk, but for its child to end or to start a program.

    So it is after vfork(2), for as long as that child likes. The child is one of the processes that are looked at.
    """
    found = read(f"/proc/{pid}/task/{thread}/syscall").split()
    return bool(found) and found[0] in _VFORKS


def _seconds(pid: int, thread: int) -> tuple[float, float]:
    """For how long a thread has run, and waited for a processor (linux/Documentation/scheduler/sched-stats)."""
    ran, waited, _ = read(f"/proc/{pid}/task/{thread}/schedstat").split()
    return int(ran) * _NANO, int(waited) * _NANO


def _portable(pids: Iterable[int]) -> Snapshot:
    import psutil  # late: it takes 10 ms, and Linux does not need it

    found: list[Thread] = []
    try:
        for pid in pids:
            process = psutil.Process(pid)
            times = process.cpu_times()
            found.append(Thread(pid, (process.num_ctx_switches(), times.user, times.system)))
    except psutil.Error:
        return NOTHING
    return Snapshot(bool(found), tuple(found), loop_sleeps=bool(found), is_exact=False)
