"""The place of a report: a file that gets its name at the end, a device or a pipe, or standard output."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from grader import interrupt
from grader.errors import Inconclusive, UsageError
from grader.output import write_all

#: The name of standard output where a file could be named.
STDOUT = "-"


class Destination(NamedTuple):
    """It is opened before the app is started, so the app cannot redirect it.

    ``name`` is as the command line has it. ``descriptor`` is open for a device or pipe, None for a file.
    """

    name: str
    descriptor: int | None = None

    @property
    def is_stdout(self) -> bool:
        return self.name == STDOUT

    def clear(self) -> None:
        """Remove an old report, so that it cannot be taken for the report of this grade."""
        if self.descriptor is None and not self.is_stdout:
            with suppress(OSError):
                os.unlink(self.name)

    def write(self, data: bytes) -> None:
        """Write a report. Who reads the file meanwhile finds no report, or the whole one.

        Raises Inconclusive when the system refuses, because the disk is full or the folder has gone. For standard
        output raises OSError.
        """
        if self.is_stdout:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)  # not as text: a page is UTF-8, whatever the locale is
            sys.stdout.buffer.flush()
            return
        try:
            if self.descriptor is not None:
                write_all(self.descriptor, data)
            else:
                _replace(Path(self.name), data)
        except OSError as error:
            raise Inconclusive(f"the report could not be written to {self.name}: {error.strerror}") from None


def find(name: str, *, option: str) -> Destination:
    """The destination that ``option`` of the command line names. Raises UsageError when it cannot be written.

    Standard output cannot where it is closed (`>&-`): Python has no stream then.

    A link to a file is not followed but replaced: it may be part of a submission, and lead anywhere.
    """
    if name == STDOUT:
        if sys.__stdout__ is None:
            raise UsageError(f"{option}: standard output is closed; name a file.")
        return Destination(name)
    try:
        return Destination(name, _opened(name))
    except OSError as error:
        raise UsageError(f"{option}: {name!r} cannot be written: {error.strerror}.") from None
    except ValueError as error:
        raise UsageError(f"{option}: {name!r} cannot be written: {error}.") from None


def _opened(name: str) -> int | None:
    """The descriptor of a device or pipe, None for a file. Raises OSError and ValueError for what cannot be written."""
    try:
        status = os.stat(name)
    except FileNotFoundError:
        status = None
    if status is not None and stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if status is not None and (descriptor := _stream(name, status)) is not None:
        return descriptor
    folder = os.path.dirname(name) or "."
    if not name:
        raise OSError(errno.ENOENT, "it has no name")
    if not os.path.isdir(folder):
        raise OSError(errno.ENOENT, f"there is no folder {folder!r}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    return None


def _stream(name: str, status: os.stat_result) -> int | None:
    """A descriptor of what a file cannot replace: a device, a pipe, our own output (as /dev/stderr names it)."""
    for descriptor in (1, 2):
        with suppress(OSError):
            if os.path.samestat(status, os.fstat(descriptor)):
                return os.dup(descriptor)
    return None if stat.S_ISREG(status.st_mode) else os.open(name, os.O_WRONLY | os.O_NOCTTY)


def _replace(path: Path, data: bytes) -> None:
    """Write a file under a name that nobody can know before, then rename it. Raises OSError.

    O_EXCL refuses whatever has this name, also a link, so that nothing else is ever written to.
    """
    part = path.with_name(f".{path.name[:100]}.{os.urandom(8).hex()}")
    with interrupt.postponed():
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
        try:
            write_all(descriptor, data)
            os.replace(part, path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
