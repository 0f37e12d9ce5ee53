"""Removes folders that a submission made, whatever it made of them.

`shutil.rmtree` goes one call deeper for each folder within a folder, so a thousand of them are too many for it, and
for the path of the deepest one there is no room in a system call.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(folder: str | Path) -> None:
    """Remove ``folder`` and all that is in it; of a link, the link alone. No error is raised: what cannot go, stays.

    It is for the time when no process of the submission runs any more.
    """
    with suppress(OSError):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            os.unlink(folder)
            return
        os.chmod(folder, stat.S_IRWXU)
        home = os.open(folder, _FOLDER)
        try:
            _empty(home)
        finally:
            os.close(home)
        os.rmdir(folder)


def _empty(home: int) -> None:
    """Each folder is emptied in its turn: those in it move up into ``home``, so none lies deeper than the first."""
    new_names = (f".{os.urandom(8).hex()}-{number}" for number in count())
    waiting = _folders_left(home)
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            inner = os.open(name, _FOLDER, dir_fd=home)
            try:
                waiting += _moved_up(inner, home, dict(zip(_folders_left(inner), new_names, strict=False)))
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=home)


def _folders_left(parent: int) -> list[str]:
    """The folders in a folder, which can be listed and moved from now on. All else in it is removed."""
    with os.scandir(parent) as found:
        entries = list(found)
    folders = []
    for entry in entries:
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.name, stat.S_IRWXU, dir_fd=parent)
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=parent)
    return folders


def _moved_up(parent: int, home: int, names: dict[str, str]) -> list[str]:
    moved = []
    for name, new in names.items():
        with suppress(OSError):
            os.rename(name, new, src_dir_fd=parent, dst_dir_fd=home)
            moved.append(new)
    return moved
