"""The child's main module: worker processes import it again, so that must do nothing but find the grader's package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from grader.serving import child
from tests.conftest import DEADLINE, ROOT, environment

MAIN = str(Path(child.__file__).with_name("__main__.py"))
PROGRAM = f"""
import pathlib, runpy, sys, threading
def state(): return list(sys.path), sys.argv, threading.active_count()
before, loaded = state(), set(sys.modules)
assert callable(runpy.run_path({MAIN!r}, run_name="__mp_main__")["main"])
assert state() == before
others = set(sys.modules) - loaded
assert [name for name in others if name.partition(".")[0] not in sys.stdlib_module_names] == ["grader"]
"""


def test_importing_it_again_changes_nothing() -> None:
    command = [sys.executable, "-P", "-c", PROGRAM, "arguments", "of a worker"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
