"""A terminal for tests: a program runs in it, keys are pressed, and the screen is read as a person reads it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import pyte

from tests.conftest import DEADLINE, environment, survivors

_ALTERNATE = 1049  # the private mode of xterm: a screen of its own, and the cursor saved


class _Screen(pyte.Screen):
    """A screen that comes back as it was when a program has left the alternate one."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self.entered = 0
        self._left: tuple[Any, Any] | None = None

    @property
    def is_alternate(self) -> bool:
        return self._left is not None

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        super().set_mode(*modes, **kwargs)
        if _ALTERNATE in modes and kwargs.get("private") and self._left is None:
            self._left = self.buffer.copy(), (self.cursor.x, self.cursor.y)
            self.entered += 1
            self.buffer.clear()

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*modes, **kwargs)
        if _ALTERNATE in modes and kwargs.get("private") and self._left is not None:
            lines, (self.cursor.x, self.cursor.y) = self._left
            self._left = None
            self.buffer.clear()
            self.buffer.update(lines)


class Terminal:
    """``grade ARGS`` in a pseudo-terminal of ``columns`` by ``rows``; ``raw`` is every byte that it wrote.

    Left without an error, its ``with`` block ends the program, and fails when any process of it survives. The program
    leads the terminal's session; one that is not ``attached`` hears nothing of the terminal but the end of its input.
    Without ``reads``, its standard input is closed. ``nohup`` starts it as the command of that name does.
    """

    def __init__(
        self,
        *args: str,
        cwd: Path,
        columns: int = 80,
        rows: int = 24,
        attached: bool = True,
        reads: bool = True,
        nohup: bool = False,
        **more: str,
    ) -> None:
        self.raw = b""
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, self._theirs = pty.openpty()  # theirs stays open: what was written last can still be read
        self._is_open = True
        self._mark = uuid.uuid4().hex
        self._set_size(columns, rows)
        self.before = self.settings()
        variables = environment(**{"TERM": "xterm-256color", "LC_STREAM_KATAS_MARK": self._mark} | more)
        for name in ("COLUMNS", "LINES"):  # the terminal has a size, and may change it
            variables.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "grader", *args],
            cwd=cwd,
            env=variables,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            start_new_session=True,
            preexec_fn=partial(_prepare, attached=attached, reads=reads, nohup=nohup),
        )

        self._watched = psutil.Process(self.process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self.process.poll() is None:
                self.process.terminate() if error is None else self.process.kill()
                self.wait_for_end()
            assert error is not None or self.processes() == []
        finally:
            self.hang_up()
            os.close(self._theirs)

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """As if somebody had drawn the window to another size."""
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def hang_up(self) -> None:
        """As if somebody had closed the window."""
        if self._is_open:
            os.close(self._ours)
        self._is_open = False

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def frames(self) -> list[bytes]:
        """What was drawn, time after time: each drawing begins in the screen's corner."""
        return self.raw.split(b"\x1b[H")[1:]

    def wait_for(self, condition: str | Callable[[str], bool]) -> str:
        """The screen, once ``condition`` holds for it (or its words stand in it, however they are broken)."""

        def holds(text: str) -> bool:
            return condition in " ".join(text.split()) if isinstance(condition, str) else condition(text)

        deadline = time.monotonic() + DEADLINE
        while not (holds(self.text()) and self._is_settled() and holds(self.text())):
            has_ended = self.process.poll() is not None
            if not self._read(0 if has_ended else 0.2) and has_ended:
                assert holds(self.text()), f"it has ended:\n{self.text()}"
                break
            assert time.monotonic() < deadline, f"{condition!r} never came:\n{self.text()}"
        return self.text()

    def wait_for_drawing(self, after: int) -> None:
        """Until more than ``after`` frames have been begun."""
        self.wait_for(lambda _: len(self.frames()) > after)

    def wait_for_turns(self, count: int) -> None:
        """Until the program has gone back to sleep so many times; what it writes meanwhile is taken in."""
        asleep = self._watched.num_ctx_switches().voluntary
        deadline = time.monotonic() + DEADLINE
        while self._watched.num_ctx_switches().voluntary < asleep + count:
            assert time.monotonic() < deadline, f"it does not turn:\n{self.text()}"
            self._read(0.05)
        while self._read(0):
            pass

    def wait_for_end(self) -> int:
        """The exit code, once the program has ended."""
        deadline = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.text()}"
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode

    def processes(self) -> list[str]:
        """The command lines of what runs: of the program, and of all that came of it."""
        return survivors(self._mark)

    def settings(self) -> list[Any]:
        """How the terminal is set: echo, line mode and the like."""
        return termios.tcgetattr(self._theirs)

    @property
    def is_as_before(self) -> bool:
        """Nothing that the program has changed is left: settings, screen, cursor."""
        return (
            self.settings() == self.before and not self._screen.is_alternate and self._screen.cursor.hidden is not True
        )

    @property
    def times_entered(self) -> int:
        """How often the alternate screen was entered."""
        return self._screen.entered

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _is_settled(self) -> bool:
        """The program sleeps, or has ended, and nothing is left to be read: no drawing is half done."""
        sleeps = self.process.poll() is not None or self._watched.status() != psutil.STATUS_RUNNING
        return sleeps and not self._read(0)

    def _read(self, timeout: float) -> bool:
        """Take in what was written; True when there was something."""
        if not self._is_open or not select.select([self._ours], [], [], timeout)[0]:
            return False
        data = os.read(self._ours, 65536)
        self.raw += data
        self._stream.feed(data)
        return bool(data)


def _prepare(*, attached: bool, reads: bool, nohup: bool) -> None:
    if nohup:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if attached:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if not reads:
        os.close(0)
