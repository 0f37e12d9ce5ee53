"""A submission's folder as a jail copies it: what is in it, and no more than there is room for."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from grader.serving.jail.links import NOT_CODE

#: Bytes and entries of an app's folder that are copied, how deep its folders are nested, and bytes of a path in it.
_LARGEST, _MOST, _DEEPEST, _LONGEST = 64 << 20, 5000, 100, 2000


class TooLarge(OSError):
    """The folder holds more than a jail copies. The message is a sentence for a report."""


class _Entry(NamedTuple):
    """Something in the folder: ``path`` begins there. ``status`` is that of a link itself."""

    path: str
    status: os.stat_result


def too_large(folder: str, *, hidden: Iterable[str]) -> str:
    """Why no jail copies this folder, as a sentence, or "". Raises OSError."""
    try:
        for _ in _entries(folder, hidden):
            pass
    except TooLarge as error:
        return str(error)
    return ""


def copy_app(folder: str, target: str, *, hidden: Iterable[str]) -> None:
    """Copy an app's folder: plain files, and links as they are; not what is hidden. Raises OSError and TooLarge.

    What is no longer there when it is to be copied, such as a temporary file of an editor, is left out.
    """
    _make_folder(target, os.stat(folder))
    for path, status in _entries(folder, hidden):
        with suppress(FileNotFoundError):
            _copy(f"{folder}/{path}", f"{target}/{path}", status)


def _copy(source: str, copy: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        _make_folder(copy, status)
    elif stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), copy)
    elif stat.S_ISREG(status.st_mode):
        shutil.copyfile(source, copy, follow_symlinks=False)
        os.chmod(copy, stat.S_IMODE(status.st_mode) | stat.S_IRUSR)


def _entries(folder: str, hidden: Iterable[str]) -> Iterator[_Entry]:
    """All that is of an app's code, a folder before what is in it. Raises OSError, and TooLarge within the limits."""
    left_out = set(_identities(hidden))
    size = count = 0
    waiting = [""]  # and not a function that calls itself: a thousand calls are too many
    while waiting:
        parent = waiting.pop()
        _check_path(parent)
        found: list[_Entry] = []
        for entry in _listed(folder, parent):
            if (entry.status.st_dev, entry.status.st_ino) in left_out:
                continue
            size, count = size + entry.status.st_size, count + 1
            _check_amount(size, count)
            found.append(entry)
        yield from sorted(found)
        waiting += [f"{entry.path}/" for entry in found if stat.S_ISDIR(entry.status.st_mode)]


def _listed(folder: str, parent: str) -> Iterator[_Entry]:
    try:
        with os.scandir(f"{folder}/{parent}") as entries:
            for name in (entry.name for entry in entries):
                if name not in NOT_CODE and not name.endswith(".sock"):
                    with suppress(FileNotFoundError):
                        yield _Entry(f"{parent}{name}", os.lstat(f"{folder}/{parent}{name}"))
    except FileNotFoundError:
        if not parent:
            raise


def _check_path(parent: str) -> None:
    """``parent`` ends in a slash. Raises TooLarge."""
    if parent.count("/") > _DEEPEST:
        raise TooLarge(f"the submission holds folders that are nested more than {_DEEPEST} deep")
    if len(os.fsencode(parent)) > _LONGEST:
        raise TooLarge(f"the submission holds a path of more than {_LONGEST} bytes")


def _check_amount(size: int, count: int) -> None:
    """Raises TooLarge."""
    if count > _MOST:
        raise TooLarge(f"the submission holds more than {_MOST} files, folders and links")
    if size > _LARGEST:
        raise TooLarge(f"the submission holds more than {_LARGEST >> 20} MiB of files")


def _identities(paths: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Those of the files and folders themselves: what leads to them is a link, and is copied as one."""
    for path in paths:
        with suppress(OSError):
            found = os.stat(path)
            yield found.st_dev, found.st_ino


def _make_folder(path: str, like: os.stat_result) -> None:
    os.mkdir(path)
    os.chmod(path, stat.S_IMODE(like.st_mode) | stat.S_IRWXU)
