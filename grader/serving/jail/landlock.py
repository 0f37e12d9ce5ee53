"""Landlock: which files a process can use, which TCP ports, and whom it can signal. No privilege is needed.

What it restricts is refused to this process and to all that it starts, and cannot be allowed again
(https://docs.kernel.org/userspace-api/landlock.html).
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from enum import IntFlag
from typing import Final

from grader.serving import kernel
from grader.serving.jail import syscalls

#: The first version (ABI) that lets a file be moved to another folder, the first that governs TCP, and the first that
#: governs signals and abstract sockets.
LETS_MOVE: Final = 2
GOVERNS_TCP: Final = 4
GOVERNS_SIGNALS: Final = 6

_VERSION: Final = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH, _NET_PORT = 1, 2  # the kinds of rules


class Access(IntFlag):
    """LANDLOCK_ACCESS_FS_*, with the ABI that brought them."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    CHANGE_FOLDER = 0b1_0111_1011_0000  # to make and remove entries: folders, files, sockets, pipes and links
    REFER = 1 << 13  # to move an entry to another folder; ABI 2
    TRUNCATE = 1 << 14  # ABI 3
    IOCTL_DEV = 1 << 15  # ABI 5


#: To read files and folders, and to run programs.
READ: Final = Access.EXECUTE | Access.READ_FILE | Access.READ_DIR
#: To see which files there are, without a look into them.
LIST: Final = Access.READ_DIR
#: Everything but devices.
WRITE: Final = Access.WRITE_FILE | Access.CHANGE_FOLDER | Access.REFER | Access.TRUNCATE
#: All that a rule for a file that is not a folder may hold.
_OF_FILE: Final = Access.EXECUTE | Access.READ_FILE | Access.WRITE_FILE | Access.TRUNCATE | Access.IOCTL_DEV
_CONNECT_TCP, _BIND_TCP = 2, 1  # LANDLOCK_ACCESS_NET_*
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2  # LANDLOCK_SCOPE_*


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


class _PortRule(ctypes.Structure):
    _fields_ = [("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64)]


def abi() -> int:
    """The version that this kernel has; 0 without Landlock."""
    try:
        return syscalls.call("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    except OSError:
        return 0


class Ruleset:
    """Rules to be enforced. Everything that no rule allows is refused.

    ``governs_tcp``: connections and listeners need a rule as well. Raises OSError, as all methods do.
    """

    def __init__(self, *, governs_tcp: bool) -> None:
        version = abi()
        missing = {2: Access.REFER, 3: Access.TRUNCATE, 5: Access.IOCTL_DEV}
        self._handled = Access((1 << 16) - 1)
        for since, access in missing.items():
            if version < since:
                self._handled &= ~access
        net = _CONNECT_TCP | _BIND_TCP if governs_tcp else 0
        scoped = _ABSTRACT_SOCKETS | _SIGNALS if version >= GOVERNS_SIGNALS else 0
        attributes = _Ruleset(self._handled, net, scoped)
        # An older kernel knows the first fields only, and refuses a larger structure unless the rest is zero.
        self._fd = syscalls.call(
            "landlock_create_ruleset", ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), 0
        )

    def allow(self, path: str, access: Access) -> None:
        """Allow ``access`` to the file, or to the folder and all below it. What does not exist needs no rule."""
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                is_folder = stat.S_ISDIR(os.fstat(parent).st_mode)
                rights = access & self._handled & (access if is_folder else _OF_FILE)
                if rights:
                    self._add(_PATH_BENEATH, _PathRule(rights, parent))
            finally:
                os.close(parent)

    def allow_all(self, paths: Iterable[str], access: Access) -> None:
        """Like :meth:`allow`, for several paths."""
        for path in paths:
            self.allow(path, access)

    def allow_connection(self, port: int) -> None:
        """Allow connections to this port, of any host: a rule cannot name one."""
        self._add(_NET_PORT, _PortRule(_CONNECT_TCP, port))

    def enforce(self) -> None:
        """From now on, for this thread and what it starts."""
        kernel.forbid_new_privileges()  # the kernel asks for it: a set-uid program must not run restricted
        syscalls.call("landlock_restrict_self", ctypes.c_int(self._fd), ctypes.c_uint32(0))
        os.close(self._fd)

    def _add(self, kind: int, rule: ctypes.Structure) -> None:
        syscalls.call("landlock_add_rule", ctypes.c_int(self._fd), ctypes.c_int(kind), ctypes.byref(rule), 0)
