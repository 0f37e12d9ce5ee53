"""A report's way into a file: asked for before grading, whole or not at all afterwards."""

from __future__ import annotations

import os
from pathlib import Path

from grader.errors import Inconclusive, UsageError

#: What stands for standard output where a file is named.
STDOUT = "-"


def must_be_writable(file: str, *, option: str) -> None:
    """Raises UsageError when ``file``, which ``option`` names, cannot be written."""
    path = Path(file)
    target = path.resolve().parent if _is_replaceable(path) else path
    if file != STDOUT and (path.is_dir() or not os.access(target, os.W_OK)):
        raise UsageError(f"{option}: {file!r} cannot be written.")


def write(text: str, file: str) -> None:
    """Write ``text`` to ``file``; whoever reads it meanwhile sees the old report or the new one.

    Raises Inconclusive when the system refuses: the disk is full, the folder has gone.
    """
    path = Path(file)
    target = path.with_name(path.name + ".part") if _is_replaceable(path) else path
    try:
        target.write_text(text, "utf-8")
        if target != path:
            target.replace(path)
    except OSError as error:
        if target != path:
            target.unlink(missing_ok=True)
        raise Inconclusive(f"the report could not be written to {file}: {error.strerror}") from None


def _is_replaceable(path: Path) -> bool:
    """Whether a new file may take this name: not that of a device or a pipe, nor of a link such as /dev/stderr."""
    return not path.is_symlink() and (path.is_file() or not path.exists())
