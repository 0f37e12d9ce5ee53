"""Busy processes run while they are wanted, and end with whoever wanted them."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from grader.verify.busy import busy


def test_so_many_processes_run_and_then_none() -> None:
    me = psutil.Process()
    before = set(me.children())
    with busy(3):
        running = set(me.children()) - before
        assert len(running) == 3
    assert not any(process.is_running() for process in running)


def test_they_end_with_what_failed_beside_them() -> None:
    me = psutil.Process()
    before = set(me.children())
    with pytest.raises(ZeroDivisionError), busy(1):
        raise ZeroDivisionError
    assert set(me.children()) <= before


def test_they_end_with_a_grader_that_is_killed() -> None:
    code = "from grader.verify.busy import busy\nwith busy(1): print('here', flush=True); input()"
    killed = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"here\n"
        [process] = psutil.Process(killed.pid).children()
        killed.kill()
    psutil.wait_procs([process], timeout=30)
    assert not process.is_running()
