"""A file system of its own: what an app may read is mounted into an empty one, what it writes goes to memory."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from grader.serving.jail import reach, syscalls
from grader.serving.jail.copies import copy_app

#: All that an app can write together, and how many files. It is memory.
_SIZE, _FILES = "size=256m", "nr_inodes=20k"
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8  # MS_*
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_DETACH = 2  # MNT_DETACH
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
#: Where the new root is put together; the app sees nothing of the old one. The first that exists is taken.
_PLACES: Final = ("/mnt", "/media", "/srv", "/opt", "/run")
_LINKS: Final = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_SCRATCH: Final = "/.scratch"


def enter(*, folder: str, hidden: Iterable[str], home: str, owner: int | None) -> None:
    """Make a new root for this process, in mount and process namespaces of its own. Raises OSError.

    ``folder`` is the app's own: a copy takes its place. ``home`` becomes an empty folder. ``owner`` gets what may be
    written.
    """
    syscalls.mount("", "/", flags=_RECURSIVE | _PRIVATE)  # nothing that happens here is seen outside
    base = next(place for place in _PLACES if os.path.isdir(place))
    readable = reach.needed(())
    _mount_memory(base, "mode=755,size=1m")
    scratch = _folder(base, _SCRATCH)
    _mount_memory(scratch, f"mode=755,{_SIZE},{_FILES}")
    memory = {"/tmp": "tmp", "/dev/shm": "shm", home: "home", folder: "app"}
    for name in ("tmp", "shm", "home"):
        os.mkdir(f"{scratch}/{name}")
        os.chmod(f"{scratch}/{name}", 0o1777)
    copy_app(folder, f"{scratch}/app", hidden=hidden)
    if owner is not None:
        give(scratch, owner)
    for path in sorted({*readable, *reach.facts(), *reach.DEVICES, *memory} - {""}, key=lambda path: path.count("/")):
        if path in memory:
            _bind(f"{scratch}/{memory[path]}", _folder(base, path))
        else:
            _show(path, base)
    for path in hidden:
        if os.path.isdir(base + path) and not folder.startswith(path):
            _mount_memory(base + path, "mode=755,size=4k", _READ_ONLY)
    _mount_processes(base)
    for name, target in _LINKS.items():
        os.symlink(target, _folder(base, "/dev") + f"/{name}")
    syscalls.unmount(scratch, _DETACH)  # its folders stay where they are mounted
    os.rmdir(scratch)
    syscalls.mount("", base, flags=_BIND | 32 | _READ_ONLY | _NO_SETUID | _NO_DEVICES)  # MS_REMOUNT
    _change_root(base)
    os.chdir(folder)


def _show(path: str, base: str) -> None:
    """Make a file or folder readable at the same place."""
    if os.path.islink(path):
        os.makedirs(os.path.dirname(base + path), exist_ok=True)
        with suppress(FileExistsError):
            os.symlink(os.readlink(path), base + path)
        return
    if os.path.isdir(path):
        target = _folder(base, path)
    else:
        target = _folder(base, os.path.dirname(path)) + "/" + os.path.basename(path)
        with suppress(OSError):  # it is there: the folder is mounted already
            Path(target).touch()
    _bind(path, target)
    if path not in reach.DEVICES:
        _make_read_only(target)


def _folder(base: str, path: str) -> str:
    os.makedirs(base + path, exist_ok=True)
    return base + path


def _mount_memory(target: str, options: str, flags: int = 0) -> None:
    syscalls.mount("tmpfs", target, "tmpfs", _NO_SETUID | _NO_DEVICES | flags, options)


def _mount_processes(base: str) -> None:
    """Only those of the new process namespace; read only, because some files of root's are settings of the kernel."""
    flags = _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS | _READ_ONLY
    syscalls.mount("proc", _folder(base, "/proc"), "proc", flags)


def _bind(source: str, target: str) -> None:
    syscalls.mount(source, target, flags=_BIND | _RECURSIVE)


def _make_read_only(target: str) -> None:
    """With all that is mounted below."""
    attributes = ctypes.create_string_buffer(struct.pack("=4Q", 1 | 2, 0, 0, 0))  # MOUNT_ATTR_RDONLY, _NOSUID
    path = os.fsencode(target)
    syscalls.call("mount_setattr", _AT_FDCWD, path, _AT_RECURSIVE, attributes, ctypes.c_size_t(32))


def give(folder: str, owner: int) -> None:
    """The folder and all below it."""
    os.chown(folder, owner, owner)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(parent, name), owner, owner, follow_symlinks=False)


def _change_root(base: str) -> None:
    """pivot_root(2), "." on ".": the old root is then mounted on the new one, and is taken away."""
    os.chdir(base)
    syscalls.call("pivot_root", b".", b".")
    syscalls.unmount(".", _DETACH)
    os.chdir("/")
