"""Who a process is: its user, its capabilities, its limits on processes and descriptors."""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from contextlib import suppress
from typing import Final

from grader.serving.jail import syscalls

#: Processes and threads of one user: an app may have 300 idle threads.
_MOST_PROCESSES = 1024
#: Files and connections of one process: what most systems allow anyway, unless a process asks for more. What waits in
#: sockets and pipes is the kernel's memory, which counts for no process.
_MOST_DESCRIPTORS = 1024

_PR_CAPBSET_DROP, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT = 24, 8, 47
_AMBIENT_RAISE = 2
_VERSION_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_LAST_CAPABILITY = 63
#: Capabilities about files: Landlock governs what they open.
_DAC_READ_SEARCH: Final = 2
_OF_FILES: Final = (0, 1, _DAC_READ_SEARCH, 3, 4)  # CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID


def become(user: int, *, reads_all: bool) -> None:
    """Change from root to ``user``, without any privilege. Raises OSError.

    ``reads_all``: but files that only root may read stay readable, as far as Landlock lets them. For where the
    interpreter lies in such a folder.
    """
    if reads_all:
        syscalls.prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    keep_capabilities((_DAC_READ_SEARCH,) if reads_all else ())
    if reads_all:
        syscalls.prctl(_PR_CAP_AMBIENT, _AMBIENT_RAISE, _DAC_READ_SEARCH)


def keep_file_capabilities() -> None:
    """Drop all others. For root that grades an app of its own."""
    keep_capabilities(_OF_FILES)


def keep_capabilities(kept: tuple[int, ...]) -> None:
    """Drop all others, also for programs that are run. Raises OSError."""
    for number in range(_LAST_CAPABILITY + 1):
        if number not in kept:
            with suppress(OSError):  # the kernel does not have it, or it may not be dropped without a privilege
                syscalls.prctl(_PR_CAPBSET_DROP, number)
    low = sum(1 << number for number in kept)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _VERSION_3, 0))
    effective, permitted, inheritable, none = low, low, low, 0
    data = struct.pack("=6I", effective, permitted, inheritable, none, none, none)
    syscalls.call("capset", header, ctypes.create_string_buffer(data))


def limit_processes() -> None:
    """For a user, or in a user namespace, that has no other processes: the limit counts all of one user."""
    _limit(resource.RLIMIT_NPROC, _MOST_PROCESSES)


def limit_descriptors() -> None:
    """For this process, and for each that it starts."""
    _limit(resource.RLIMIT_NOFILE, _MOST_DESCRIPTORS)


def _limit(which: int, most: int) -> None:
    """Both limits, unless there is a lower one already. Raises OSError."""
    soft, hard = (most if now == resource.RLIM_INFINITY else min(now, most) for now in resource.getrlimit(which))
    resource.setrlimit(which, (soft, hard))


def others_can_read(path: str) -> bool:
    """Whether any user can reach the file: all folders above it let them pass."""
    real = os.path.realpath(path)
    with suppress(OSError):
        while os.stat(real).st_mode & 0o001 or not os.path.isdir(real):
            if real == os.sep:
                return True
            real = os.path.dirname(real)
    return False
