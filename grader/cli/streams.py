"""Standard output and standard error that take every byte, or say that they could not."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from io import BufferedWriter, RawIOBase, TextIOWrapper
from typing import TextIO


class NotWritten(OSError):
    """Standard output or standard error did not take what was written: the disk is full, or the terminal is gone."""


class Whole(RawIOBase):
    """A file descriptor to write to. While a pipe is full, writing waits.

    Another process may have set O_NONBLOCK on the pipe or terminal that it shares with us. Python's own streams then
    write what there is room for (64 KiB on Linux), and lose the rest. The flag belongs to all who share the pipe, so it
    is not ours to clear.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        """Returns how many bytes were written; the buffer above asks again for the rest.

        Raises BrokenPipeError when the reader has gone, and NotWritten.
        """
        assert isinstance(data, bytes | bytearray | memoryview)
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except BrokenPipeError:
                raise
            except OSError as error:
                raise NotWritten(error.errno, error.strerror) from None


def replace() -> None:
    """From now on `sys.stdout` and `sys.stderr` are written whole. One that is closed is a sink.

    A character that the encoding lacks is written as an escape, such as ``\\u201c``.
    """
    sys.stdout = _writer(sys.stdout)
    sys.stderr = _writer(sys.stderr)


def flush() -> OSError | None:
    """Write what is left. Returns why standard output was not written whole, None when it was.

    What standard error lacks is only a complaint.
    """
    with suppress(OSError):
        sys.stderr.flush()
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def _writer(stream: TextIO | None) -> TextIO:
    if not isinstance(stream, TextIOWrapper):
        return stream or open(os.devnull, "w")
    return TextIOWrapper(
        BufferedWriter(Whole(stream.fileno())),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering or stream.write_through or stream is sys.stderr,
    )
