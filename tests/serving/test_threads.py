"""What is seen of the threads of another process, from outside."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import cast

import pytest

from grader.serving import threads
from grader.serving.observed import Observed
from grader.serving.processes import Tree
from grader.serving.threads import Snapshot, Start, processor_seconds, snapshot
from grader.serving.usage import children

DEADLINE = 60.0
ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SLEEPS = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); time.sleep(60)"
COMPUTES = "while True: pass"


@contextmanager
def running(code: str, *, pass_fds: Sequence[int] = ()) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", code], pass_fds=pass_fds) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def until(pid: int, condition: Callable[[Snapshot], bool]) -> Snapshot:
    deadline = monotonic() + DEADLINE
    while not condition(found := snapshot([pid])):
        assert monotonic() < deadline
    return found


@ONLY_LINUX
def test_a_process_whose_threads_all_sleep_is_asleep() -> None:
    with running(SLEEPS) as pid:
        looks = [until(pid, lambda found: found.is_asleep and len(found.threads) == 2)]
        assert looks[0].threads[0].number == pid

        def sleeps_on(found: Snapshot) -> bool:  # not from the first look on: while it starts, it sleeps for moments
            looks.append(found)
            return found.slept_since(looks[-2], 0.5) == 0.5

        until(pid, sleeps_on)


@ONLY_LINUX
def test_a_process_that_waits_for_its_vfork_child_is_asleep() -> None:
    """No signal wakes it then, as if it waited for a disk."""
    usleep = "ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(('usleep', libc))"
    code = f"""
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
stack = libc.mmap(None, 65536, 3, 0x20022, -1, 0)
libc.clone({usleep}, ctypes.c_void_p(stack + 65536), 0x4100 | 17, ctypes.c_void_p(50_000_000))
"""
    with running(code) as pid:
        found = until(pid, lambda found: found.is_asleep and _state(pid) == b"D")
        assert found.loop_sleeps
        for child in children(pid):
            os.kill(child, signal.SIGKILL)


@ONLY_LINUX
@pytest.mark.parametrize("who", ["the loop", "another thread", "a worker"])
def test_what_waits_until_its_output_is_read_is_not_asleep(who: str) -> None:
    """It waits for the grader. The loop's thread is asleep all the same where another one waits."""
    (ours, theirs), (other, unused) = os.pipe(), os.pipe()
    write, start = f"os.write({theirs}, bytes(1 << 20))", "import os, threading, time;"
    code = {
        "the loop": f"{start} {write}",
        "another thread": f"{start} threading.Thread(target=lambda: {write}).start(); time.sleep(60)",
        "a worker": f"{start} os.fork() or {write}; time.sleep(60)",
    }[who]
    try:
        with running(code, pass_fds=(theirs,)) as pid:
            until(pid, lambda _: _unread(ours) >= 1 << 16)
            until(pid, lambda found: found.is_asleep)
            pids, deadline = [pid, *children(pid)], monotonic() + DEADLINE
            while not snapshot(pids, os.fstat(other)).is_asleep:
                assert monotonic() < deadline
            seen = snapshot(pids, os.fstat(ours))
            assert (seen.is_asleep, seen.loop_sleeps) == (False, who != "the loop")
    finally:
        for descriptor in (ours, theirs, other, unused):  # a worker's write ends, too: nobody reads
            os.close(descriptor)


def _unread(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@ONLY_LINUX
def test_a_worker_that_a_signal_has_stopped_keeps_nobody_awake() -> None:
    """Else an app that rests could hide it behind such a worker."""
    with running(SLEEPS) as pid, running(SLEEPS) as worker:
        until(pid, lambda found: found.is_asleep)
        os.kill(worker, signal.SIGSTOP)
        deadline = monotonic() + DEADLINE
        while not (_state(worker) == b"T" and snapshot([pid, worker]).is_asleep):  # its threads stop one by one
            assert monotonic() < deadline


def _state(pid: int) -> bytes:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]


@ONLY_LINUX
def test_a_process_that_computes_is_awake() -> None:
    with running(COMPUTES) as pid:
        until(pid, lambda found: bool(found.threads) and not found.is_asleep)
        before = processor_seconds(pid)
        deadline = monotonic() + DEADLINE
        while processor_seconds(pid) == before:
            assert monotonic() < deadline


@ONLY_LINUX
def test_a_process_that_has_ended_tells_nothing() -> None:
    with running("") as pid:
        until(pid, lambda found: not found.threads)
    assert snapshot([pid]) == threads.NOTHING
    assert processor_seconds(pid) == 0.0


def test_where_states_are_not_known_counts_of_switches_stand_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with running(SLEEPS) as pid:
        first = until(pid, lambda found: found.is_asleep and not found.is_exact)
        again = until(pid, lambda found: found.threads == first.threads or found.threads != first.threads)
        assert again.slept_since(first, 0.5) in (0.5, 0.0)


def test_where_states_are_not_known_the_app_s_processes_are_looked_for_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    starts = (
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(9)']).wait()"
    )
    with running(starts) as pid:
        tree = SimpleNamespace(pid=pid)
        deadline = monotonic() + DEADLINE
        while len(Observed(cast("Tree", tree)).snapshot().threads) < 2:
            assert monotonic() < deadline


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not known")
def test_a_process_that_shares_a_processor_is_held_up() -> None:
    """Two that compute, on one processor: each waits for about half of the time."""
    code = "import os, time\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    code += "while time.process_time() < 0.2: pass\nprint(open('/proc/self/schedstat').read(), flush=True)\ninput()"
    command = [sys.executable, "-c", code]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
    ):
        for process in (one, other):
            assert process.stdout is not None
            waited = int(process.stdout.readline().split()[1])
            assert threads.held_up_seconds(process.pid) >= waited * 1e-9 > 0.01
            process.communicate(b"\n")
    assert threads.held_up_seconds(one.pid) == 0.0


def test_a_process_is_starting_until_it_has_run_for_a_while() -> None:
    """Until then, what it waits for a processor counts as well."""
    early, later, much_later = (Start(ran, ran / 2, needed=1.0) for ran in (0.2, 0.8, 3.0))
    assert threads.starting_seconds({7: later}, {7: early}) == pytest.approx(0.6 + 0.3)
    assert threads.starting_seconds({7: much_later}, {7: early}) == pytest.approx(0.8 + 1.4)
    assert threads.starting_seconds({7: much_later._replace(waited=9.0), 8: early}, {7: much_later}) == pytest.approx(
        0.3
    )


@ONLY_LINUX
def test_the_start_of_a_process_is_seen_from_outside() -> None:
    with running(COMPUTES) as pid:
        deadline = monotonic() + DEADLINE
        while not (found := threads.starts([pid])) or found[pid].ran == 0.0:
            assert monotonic() < deadline
        assert found[pid].needed == 1.0
    assert threads.starts([pid]) == {}


@ONLY_LINUX
def test_a_fork_needs_little_to_start() -> None:
    """Else processes that compute could hide a blocked event loop for long."""
    with running("import os, time; os.fork(); time.sleep(60)") as pid:
        deadline = monotonic() + DEADLINE
        while not (found := threads.starts(children(pid))):
            assert monotonic() < deadline
        assert [start.needed < 0.1 for start in found.values()] == [True]
        for child in found:
            os.kill(child, signal.SIGKILL)


@ONLY_LINUX
def test_threads_that_come_and_go_hide_no_sleep() -> None:
    code = """
import threading, time
def come_and_go():
    while True:
        thread = threading.Thread(target=time.sleep, args=(0.004,))
        thread.start()
        thread.join()
threading.Thread(target=come_and_go, daemon=True).start()
time.sleep(60)
"""
    with running(code) as pid:
        looks = [(monotonic(), snapshot([pid]))]
        found = 0.0

        def adds_up(now: Snapshot) -> bool:
            nonlocal found
            at, last = looks[-1]
            looks.append((monotonic(), now))
            if now.is_asleep and last.is_asleep and now.threads[1:] != last.threads[1:]:
                found += now.slept_since(last, looks[-1][0] - at)
            return found > 0.1

        until(pid, adds_up)
    assert looks[-1][1].used > 0.0
