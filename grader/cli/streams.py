"""Standard output and standard error that take every byte, or say that they could not."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from io import BufferedWriter, RawIOBase, TextIOWrapper
from typing import TextIO

from grader.output import write_some
from grader.text import without_commands

#: Spaces before the end of a line, and the colours that end there.
_TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)(?=\n)")


class NotWritten(OSError):
    """Standard output or standard error did not take what was written: the disk is full, or the terminal is gone."""


class Whole(RawIOBase):
    """A file descriptor to write to. While a pipe is full, writing waits, also when the pipe does not block."""

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
        try:
            return write_some(self._descriptor, data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise NotWritten(error.errno, error.strerror) from None


class Lines(TextIOWrapper):
    """Text that is written for people. Its ``buffer`` takes bytes, which are written unchanged.

    A character that the encoding lacks is written as an escape, such as ``\\u201c``. But for a terminal, spaces at the
    end of a line are left out, and nothing that is written becomes a command in a log of GitHub Actions: also what runs
    in a container of a job, without its variables, or is shown there later, ends in one.
    """

    def __init__(self, raw: RawIOBase, *, encoding: str, line_buffering: bool) -> None:
        super().__init__(
            BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=line_buffering
        )
        self._is_terminal = raw.isatty()

    def write(self, text: str, /) -> int:
        """Write ``text``, which is whole lines; returns its length."""
        super().write(text if self._is_terminal else without_commands(_TRAILING.sub(r"\1", text)))
        return len(text)


def is_github() -> bool:
    """Whether standard output and standard error are the log of a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def replace() -> None:
    """From now on `sys.stdout` and `sys.stderr` are written whole. One that is closed is a sink."""
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
    is_prompt = stream.line_buffering or stream.write_through or stream is sys.stderr
    return Lines(Whole(stream.fileno()), encoding=stream.encoding, line_buffering=is_prompt)
