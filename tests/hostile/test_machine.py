"""What the machine cannot do is no app's fault: exit code 3, and a sentence that names it, for right and wrong apps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import DEADLINE, ROOT, environment
from tests.small_kata import NO_ITEMS, SOLUTION, make_kata, write

if TYPE_CHECKING:
    from tests.conftest import Grade

#: What happens in the app's process before the grader's part of it has begun, and what is said of it. The variable
#: tells that process from the grader's own.
FAULTS = {
    "a library that is missing": (
        "os.write(2, b'python: error while loading shared libraries: libpython3.so\\n'); os._exit(127)",
        "exited with status 127 before it came to your code: python: error while loading shared libraries",
    ),
    "a killer": ("os.kill(os.getpid(), 9)", "was killed by SIGKILL before it came to your code"),
    "no more threads": (
        "import threading; threading.Thread.start = lambda _: {}['a thread']",
        "exited with status 1 before it came to your code: KeyError: 'a thread'",
    ),
}
#: Grades where the loopback interface is down: it can be bound there, and not connected to.
NO_LOOPBACK = """
import os, subprocess, sys
from grader.serving.jail import namespaces, syscalls
try:
    syscalls.unshare(namespaces._NETWORK | (0 if os.geteuid() == 0 else namespaces._USERS))
except OSError as error:
    sys.exit(f"no network of its own: {error}")
sys.exit(subprocess.run([sys.executable, "-m", "grader", *sys.argv[1:]]).returncode)
"""


@pytest.fixture(params=[SOLUTION, NO_ITEMS], ids=["right", "wrong"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make_kata(tmp_path)
    write(tmp_path / "mine.py", request.param)
    return tmp_path


@pytest.mark.parametrize("fault", FAULTS)
def test_an_interpreter_that_does_not_start_is_not_the_apps(fault: str, folder: Path, grade: Grade) -> None:
    code, words = FAULTS[fault]
    lines = f"import os\nif os.environ.get('STREAM_KATAS_RUN'):\n    {code}\n"
    write(folder / "site" / "sitecustomize.py", lines)
    done = grade("77", "--app", "mine.py", cwd=folder, PYTHONPATH=f"{folder / 'site'}:{ROOT}")
    assert (done.code, done.out) == (3, "")
    assert words in done.err


def test_a_module_that_hides_one_of_the_servers_is_not_the_apps(folder: Path, grade: Grade) -> None:
    """By hand the server does not start either."""
    write(folder / "path" / "click.py", "x = 1")
    done = grade("77", "--app", "mine.py", cwd=folder, PYTHONPATH=f"{ROOT}:{folder / 'path'}")
    assert (done.code, done.out) == (3, "")
    assert "before it came to your code: AttributeError: module 'click'" in done.err
    assert "PYTHONPATH is set: a module there may take the place of one that the server needs" in done.err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no network of one's own")
@pytest.mark.parametrize("command", ["77", "trace 77 /echo?key=a"], ids=["grade", "trace"])
def test_a_loopback_interface_that_is_down_is_not_the_apps(command: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_LOOPBACK, *command.split(), "--app", "mine.py"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    if "no network of its own" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 3, done.stdout + done.stderr
    said = " ".join((done.stderr + done.stdout).split())
    assert "this machine cannot connect to its own 127.0.0.1" in said
    assert ("fix this machine, and run it again" in said) is (command == "77")
