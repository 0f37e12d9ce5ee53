"""Processes: what the app has orphaned is ended, what is not its own is spared, and nothing cuts that short."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from tests.conftest import DEADLINE, ROOT, environment

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
        import os, psutil, subprocess, sys
        from grader.serving import processes
        DAEMON = {textwrap.dedent(DAEMON)!r}
        def start(source, **more):
            return subprocess.Popen([sys.executable, "-c", source], **more)
        def is_gone(pid):
            return not psutil.pid_exists(pid)
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
        processes.adopt_orphans()
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
