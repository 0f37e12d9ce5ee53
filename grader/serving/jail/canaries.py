"""Six things that no app may be able to do. In each jail they are tried before the learner's code runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from typing import Final

from grader.serving.jail import syscalls
from grader.serving.jail.plan import Plan, Tier

_PTRACE_SEIZE: Final = 0x4206
_CONNECTING: Final = 0.2  # seconds; on the loopback it is decided at once
#: In a process namespace of its own, the first two processes are there always.
_FIRST_TWO: Final = 2

Identity = tuple[int, int] | None


def identity_of(folder: str) -> Identity:
    """Which folder it is, whatever its name."""
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def escapes(plan: Plan, home: Identity) -> Iterator[str]:
    """What works although it must not. ``home`` is what the home folder was outside."""
    canary = plan.canary
    if canary.secret and _works(lambda: _read(canary.secret)):
        yield "it can read the specification"
    if plan.tier == Tier.C.value or canary.process > _FIRST_TWO:
        if _works(lambda: _read(f"/proc/{canary.process}/environ")):
            yield "it can read the grader's environment"
        if _works(lambda: os.kill(canary.process, 0)):
            yield "it can send signals to the grader"
        if _works(lambda: syscalls.call("ptrace", _PTRACE_SEIZE, canary.process, None, None)):
            yield "it can trace the grader"
    if plan.is_strict and canary.port and _reaches(canary.port, is_alone=plan.tier == Tier.A.value):
        yield "it can connect to other servers"
    if plan.is_strict and identity_of(canary.home) == home and _works(lambda: _write(canary.home)):
        yield "it can write into the home folder"


def _works(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def _read(file: str) -> None:
    with open(file, "rb") as opened:
        opened.read(1)


def _reaches(port: int, *, is_alone: bool) -> bool:
    """Whether a connection is tried outside: that nobody listens there is no protection."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_CONNECTING).close()
    except ConnectionRefusedError:
        return not is_alone
    except OSError:
        return False
    return True


def _write(home: str) -> None:
    """A file without a name: it leaves nothing behind, wherever this runs."""
    os.close(os.open(home, os.O_TMPFILE | os.O_WRONLY, 0o600))
