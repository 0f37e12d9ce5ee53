"""Processes: what the app has orphaned is ended, what is not its own is spared, and nothing cuts that short."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import uuid

import pytest

from tests.conftest import DEADLINE, ROOT, environment, survivors

#: Starts a daemon as they are started, by two forks, and tells the number of it.
DAEMON = """
    import os, time
    if not os.fork():
        os.setsid()
        if pid := os.fork():
            print(pid, flush=True)
            os._exit(0)
        os.close(1)
        time.sleep(1000)
    os.wait()
"""


def run(source: str) -> str:
    """Run ``source`` in a process of its own: adopting orphans is for a process's whole life."""
    prelude = f"""
        import contextlib, os, psutil, subprocess, sys
        from grader.serving import kernel, processes
        from grader.serving.processes import Process, ProcessTree, Surroundings
        DAEMON = {textwrap.dedent(DAEMON)!r}
        def start(source, **more):
            return subprocess.Popen([sys.executable, "-c", source], **more)
        def is_gone(pid):
            return not psutil.pid_exists(pid)
        def becomes_gone(pid):
            "An orphan that has ended is there until the process that has adopted it notices."
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid).wait(timeout=60)
            return is_gone(pid)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(source)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_an_orphan_is_adopted_and_ended_and_earlier_children_are_spared() -> None:
    told = run(
        """
        earlier = start("import time; time.sleep(1000)")
        kernel.adopt_orphans()
        spare = processes.children()
        with start(DAEMON, stdout=subprocess.PIPE, text=True) as parent:
            orphan = int(parent.stdout.read())
        print(psutil.Process(orphan).ppid() == os.getpid())
        processes.end_strays(marker="nobody's", spare=spare)
        print(is_gone(orphan), spare == [earlier.pid], earlier.poll())
        earlier.kill()
        earlier.wait()
        """
    )
    assert told.split() == ["True", "True", "True", "None"]


@pytest.mark.parametrize("leader", [True, False], ids=["group", "gone"])
def test_a_whole_group_is_killed_and_one_that_has_gone_is_no_trouble(leader: bool) -> None:
    told = run(
        f"""
        code = "import os, time; print(os.fork(), flush=True); time.sleep(1000)"
        with start(code, start_new_session=True, stdout=subprocess.PIPE, text=True) as parent:
            first = parent.stdout.readline()
            processes.kill_group(parent.pid)
            if not {leader}:
                parent.wait()
                processes.kill_group(parent.pid)
            rest = parent.stdout.read()  # ends when nobody holds the pipe any more
        print(parent.wait())
        """
    )
    assert told.split() == ["-9"]


def test_without_children_there_is_nothing_to_do() -> None:
    told = run(
        """
        print(processes.children())
        processes.end_strays(marker="nobody's", spare=[])
        """
    )
    assert told.split() == ["[]"]


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of Linux")
def test_who_starts_an_app_cannot_be_traced_and_the_app_does_not_inherit_that() -> None:
    told = run(
        """
        import ctypes
        code = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)"
        reading, writing = os.pipe()
        process = Process([sys.executable, "-c", code], Surroundings(output=writing))
        process.wait()
        print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), os.read(reading, 9).decode())
        """
    )
    assert told.split() == ["0", "1"]


HYDRA = """import os, time
end = time.monotonic() + 30
for _ in range(4):
    if os.fork() == 0:
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
            os.setsid()
            time.sleep(0.001)
        os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
def test_daemons_that_fork_again_and_again_are_all_ended() -> None:
    """Each has gone within a millisecond, and another one in its place: at most four at a time, for 30 seconds."""
    told = run(
        f"""
        tree = ProcessTree([sys.executable, "-c", {HYDRA!r}], Surroundings())
        tree.wait()
        print(tree.end(), tree.members()[1:])
        """
    )
    assert told.split() == ["True", "[]"]


# -- processes with an end --------------------------------------------------------------------------------------------

KINDS = ("Process", "ProcessTree")
NAP = "[sys.executable, '-c', 'import time; time.sleep(1000)']"


@pytest.mark.parametrize("kind", KINDS)
def test_a_started_process_tells_its_exit_status(kind: str) -> None:
    told = run(
        f"""
        process = {kind}([sys.executable, "-c", "raise SystemExit(7)"], Surroundings())
        print(process.wait(), process.poll(), process.wait_for(0))
        process.end()
        print(process.poll())
        """
    )
    assert told.split() == ["7", "7", "7", "7"]


@pytest.mark.parametrize(("kind", "status"), [("Process", "-15"), ("ProcessTree", "-9")])
def test_a_started_process_is_gone_after_its_end(kind: str, status: str) -> None:
    told = run(
        f"""
        process = {kind}({NAP}, Surroundings())
        print(process.poll(), process.wait_for(0.01), is_gone(process.pid))
        print(process.end())
        print(process.poll(), is_gone(process.pid))
        process.end()
        """
    )
    assert told.split() == ["None", "None", "False", "True", status, "True"]


def test_a_tree_ends_with_its_daemons_and_keeps_its_own_exit_status() -> None:
    told = run(
        """
        reading, writing = os.pipe()
        tree = ProcessTree([sys.executable, "-c", DAEMON], Surroundings(output=writing))
        orphan = int(os.read(reading, 100))
        print(tree.wait(), is_gone(orphan))
        tree.end()
        print(tree.poll(), becomes_gone(orphan))
        """
    )
    assert told.split() == ["0", "False", "0", "True"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_system_cannot_end_holds_nothing_up(kind: str) -> None:
    """As when it waits for a device: here no signal is sent at all."""
    told = run(
        f"""
        processes.END_TIMEOUT = processes.GRADERS_TIMEOUT = 0.05
        kill, processes.os.kill, processes.os.killpg = os.kill, lambda *_: None, lambda *_: None
        process = {kind}({NAP}, Surroundings())
        print(process.end(), process.end(), is_gone(process.pid))
        kill(process.pid, 9)
        process.wait()
        """
    )
    assert told.split() == ["False", "False", "False"]


def test_a_daemon_that_the_system_cannot_end_holds_nothing_up() -> None:
    told = run(
        """
        processes.END_TIMEOUT = 0.05
        reading, writing = os.pipe()
        tree = ProcessTree([sys.executable, "-c", DAEMON], Surroundings(output=writing))
        orphan = int(os.read(reading, 100))
        tree.wait()
        kill, processes.os.kill = os.kill, lambda *_: None
        print(tree.end(), is_gone(orphan))
        kill(orphan, 9)
        os.waitpid(orphan, 0)
        """
    )
    assert told.split() == ["False", "False"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_signal_ends_what_was_started(kind: str) -> None:
    mark = uuid.uuid4().hex
    source = f"""
        import os, signal, sys
        from grader import interrupt
        from grader.serving.processes import Process, ProcessTree, Surroundings
        interrupt.end_on_signals()
        ended = {kind}({NAP}, Surroundings())
        ended.end()
        {kind}({NAP}, Surroundings())
        signal.raise_signal(signal.SIGTERM)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=ROOT,
        env=environment(LC_STREAM_KATAS_MARK=mark),
        timeout=DEADLINE,
    )
    assert done.returncode == 128 + signal.SIGTERM
    assert survivors(mark) == []
