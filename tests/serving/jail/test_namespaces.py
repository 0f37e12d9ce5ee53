"""Namespaces: what is made in the new network before the app is."""

from __future__ import annotations

import socket
import subprocess
import sys

from grader.serving.jail.plan import Tier
from tests.serving.jail import offers

UPSTREAM = 40001

#: In a network where a listener on any port gets the upstream's port first, if that is free.
SCRIPT = f"""
import os, socket, sys
from pathlib import Path
from grader.serving.jail import namespaces

namespaces.unshare()
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("{UPSTREAM - 1} {UPSTREAM}")
listener = namespaces.split(int(sys.argv[1]), {UPSTREAM}, lambda: None)
print(socket.socket(fileno=listener).getsockname()[1], flush=True)
os._exit(7)
"""


def test_the_apps_listener_never_has_the_port_of_the_upstream() -> None:
    offers.tier(Tier.A)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, "-c", SCRIPT, str(theirs.fileno())]
        done = subprocess.run(command, capture_output=True, text=True, pass_fds=[theirs.fileno()])
    assert (done.returncode, done.stdout.strip(), done.stderr) == (7, str(UPSTREAM - 1), "")
