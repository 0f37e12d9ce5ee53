"""A grade does not use up the machine's ports: a closed connection holds one for a minute (RFC 9293 3.6.1)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from grader.catalog.packs import bundled
from tests.conftest import DEADLINE, ROOT, environment

#: Grades in a network of its own, so that nobody else's connections are counted.
PROGRAM = """
import json, os, subprocess, sys
from grader.serving.jail import namespaces, syscalls
try:
    syscalls.unshare(namespaces._NETWORK | (0 if os.geteuid() == 0 else namespaces._USERS))
    namespaces._start_loopback()
except OSError as error:
    sys.exit(f"no network of its own: {error}")
code = subprocess.run([sys.executable, "-m", "grader", *sys.argv[1:]], stdout=subprocess.DEVNULL).returncode
with open("/proc/self/net/tcp") as table:
    states = [line.split()[3] for line in list(table)[1:]]
print(json.dumps([code, states.count("06"), len(states)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no network of one's own")
def test_a_grade_leaves_few_sockets_that_wait() -> None:
    kata = bundled()[0]
    arguments = [kata.id, "--app", str(kata.solutions / "app.py"), "--jail", "none"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    if "no network of its own" in done.stderr:
        pytest.skip(done.stderr)
    code, waiting, all_sockets = json.loads(done.stdout)
    assert (code, all_sockets) == (0, waiting)
    assert waiting <= 2  # of what was closed within the last second
