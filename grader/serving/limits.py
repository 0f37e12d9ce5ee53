"""Limits of an app: time and memory; and how many descriptors a grade needs."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Final

from grader.errors import Inconclusive

#: Files and connections that one process has open at a time. With 32 clients at once the grader has 64 connections, and
#: up to 50 sockets that wait for use in a jail; the app has as many connections, and libraries of its own.
_DESCRIPTORS: Final = 128


@dataclass(frozen=True, slots=True)
class LaunchLimits:
    """``startup`` and ``total`` in seconds, ``memory`` in bytes that all processes of the app use (Linux)."""

    startup: float = 10.0
    total: float = 120.0
    memory: int = 1 << 30


def need_descriptors() -> None:
    """Raise this process's limit, where it is low, to as many as a grade needs; the app inherits that.

    Raises Inconclusive where that is not allowed: later it would look as if the app refused connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_enough(soft):
        return
    if not _is_enough(hard):
        raise Inconclusive(
            f"a process may have only {hard} files and connections open at a time here, and a grade needs "
            f"{_DESCRIPTORS}: `ulimit -n {_DESCRIPTORS}` allows them where it is permitted."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, hard))


def _is_enough(limit: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= _DESCRIPTORS
