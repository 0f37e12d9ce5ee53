"""A machine that lets a process open few files is no app's fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import DEADLINE, ROOT, environment

PROGRAM = """
import resource, sys
from grader.errors import Inconclusive
from grader.serving.limits import need_descriptors
try:
    need_descriptors()
except Inconclusive as error:
    print(error)
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def limited(limits: str, *command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python with these limits of the shell."""
    line = ["sh", "-c", f'{limits} && exec "$@"', "sh", sys.executable, *command]
    return subprocess.run(line, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=DEADLINE)


@pytest.mark.parametrize(
    ("limits", "found"),
    [("ulimit -n 1000", "(1000, 1000)"), ("ulimit -Sn 24", "(128, "), ("ulimit -n 128", "(128, 128)")],
)
def test_a_low_limit_is_raised_as_far_as_needed(limits: str, found: str) -> None:
    done = limited(limits, "-c", PROGRAM)
    assert done.stderr == ""
    assert done.stdout.startswith(found)


def test_an_app_that_could_not_be_connected_to_is_not_graded(tmp_path: Path) -> None:
    done = limited(
        "ulimit -n 24", "-m", "grader", "kata-1", "--app", str(ROOT / "katas/kata-1-dual-mode-endpoint/app.py")
    )
    assert done.returncode == 3
    assert "only 24 files and connections open at a time here" in done.stderr
    assert done.stdout == ""


#: Starts threads that do nothing under the limits of an app's process, and says how many there are.
THREADS = """
import threading
from grader.serving.child.limits import keep_small
keep_small(64 << 20)
end = threading.Event()
for _ in range(100):
    threading.Thread(target=end.wait, daemon=True).start()
print(threading.active_count())
"""


@pytest.mark.parametrize("kib", ["256", "65536", "1048576", "unlimited"])
def test_stacks_of_any_size_leave_room_for_threads(kib: str) -> None:
    """Clusters and judges set large ones. A stack that is not used takes no memory."""
    done = limited(f"ulimit -s {kib}", "-c", THREADS)
    if "ulimit" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.stdout, done.stderr) == ("101\n", "")
