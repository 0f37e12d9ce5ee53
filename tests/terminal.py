"""A terminal for tests: a program runs in it, keys are pressed, and the screen is read as a person reads it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyte

from tests.conftest import DEADLINE, environment


class Terminal:
    """``grade ARGS`` in a pseudo-terminal of ``columns`` by ``rows``; ``raw`` is every byte that it wrote."""

    def __init__(self, *args: str, cwd: Path, columns: int = 80, rows: int = 24, **more: str) -> None:
        self.raw = b""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        variables = environment(TERM="xterm-256color", COLUMNS=str(columns), LINES=str(rows), **more)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "grader", *args],
            cwd=cwd,
            env=variables,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._theirs = theirs  # stays open: what was written last can still be read when the program has ended

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, condition: str | Callable[[str], bool]) -> str:
        """The screen, once ``condition`` holds for it (or its words stand in it)."""
        holds: Callable[[str], bool] = (lambda text: condition in text) if isinstance(condition, str) else condition
        deadline = time.monotonic() + DEADLINE
        while not holds(self.text()):
            assert time.monotonic() < deadline, f"{condition!r} never came:\n{self.text()}"
            self._read(0.2)
        return self.text()

    def wait_for_end(self) -> int:
        """The exit code, once the program has ended."""
        deadline = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.text()}"
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode

    def settings(self) -> list[Any]:
        """How the terminal is set: echo, line mode and the like."""
        return termios.tcgetattr(self._theirs)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def _read(self, timeout: float) -> bool:
        if not select.select([self._ours], [], [], timeout)[0]:
            return False
        data = os.read(self._ours, 65536)
        self.raw += data
        self._stream.feed(data)
        return bool(data)
