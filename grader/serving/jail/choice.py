"""Which jail an app gets: what was ordered, as far as this machine offers it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from grader.serving.jail import landlock, syscalls
from grader.serving.jail.plan import Canary, Plan, Tier

_PROBE: Final = Path(__file__).with_name("probe.py")
#: A part of the grader that no app imports.
_SECRET: Final = Path(__file__).resolve().parents[2] / "grading"
_PROBING: Final = 30.0  # seconds


def for_submission() -> Tier:
    """For an app that nobody has read: the strongest that this machine offers, which may be none."""
    return next((tier for tier in (Tier.A, Tier.C) if not why_not(tier)), Tier.NONE)


def offers_own() -> bool:
    """Whether this machine offers the jail for a learner's own app, by what its kernel says."""
    return sys.platform == "linux" and syscalls.IS_KNOWN and landlock.abi() >= landlock.LETS_MOVE


@cache
def why_not(tier: Tier) -> str:
    """Why this machine does not offer a jail of this tier for a submission, or "". It is tried, once."""
    if tier is Tier.NONE:
        return ""
    if sys.platform != "linux":
        return "jails are made of parts of Linux"
    if not syscalls.IS_KNOWN:
        return f"the system calls of {syscalls.MACHINE} are not known to the grader"
    if tier is Tier.C and (version := landlock.abi()) < landlock.GOVERNS_TCP:
        needed = f"Landlock ABI {landlock.GOVERNS_TCP} (Linux 6.7)"
        return f"{needed} is needed, and this kernel has {version or 'none'}"
    return _tried(tier)


def _tried(tier: Tier) -> str:
    """Enter one, and let the canaries find out whether it holds."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with (
        ours,
        theirs,
        socket.create_server(("127.0.0.1", 0)) as outside,
        tempfile.TemporaryDirectory(prefix="stream-katas-") as folder,
    ):
        plan = _plan(tier, folder, outside.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-P", str(_PROBE), plan.encode(), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            timeout=_PROBING,
        )
    if done.returncode == 0:
        return ""
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"the trial ended with status {done.returncode}"


def _plan(tier: Tier, folder: str, port: int) -> Plan:
    home = os.path.expanduser("~")
    canary = Canary(str(_SECRET / "rig.py"), os.getpid(), port, home)
    upstream = port - 1  # any other
    return Plan(
        tier=tier.value,
        is_strict=True,
        folder=folder,
        scratch=folder,
        hidden=[str(_SECRET)],
        upstream=upstream,
        user=-1,
        canary=canary,
    )
