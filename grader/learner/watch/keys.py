"""Reads single keys from the terminal, and restores the terminal afterwards."""

from __future__ import annotations

import os
import re
import termios
import tty
from contextlib import suppress
from types import TracebackType
from typing import Self

from grader import interrupt

UP, DOWN = "up", "down"
#: A control sequence (ECMA-48 5.4), a single shift (SS3) with its letter, or one character.
_KEY = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|.", re.DOTALL)
#: The beginning of a sequence whose rest may arrive later.
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
_NAMES = {"\x1b[A": UP, "\x1bOA": UP, "\x1b[B": DOWN, "\x1bOB": DOWN, "\n": "enter", "\r": "enter", " ": "enter"}


class Keys:
    """The keyboard of a terminal. In its ``with`` block keys come at once, and are not echoed. Ctrl-C interrupts."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._begun = ""

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._fd)
        self._forget = interrupt.on_end(self._restore)
        tty.setcbreak(self._fd)
        settings = termios.tcgetattr(self._fd)
        nothing = os.fpathconf(self._fd, "PC_VDISABLE").to_bytes(1, "big", signed=False)
        settings[6][termios.VSUSP] = nothing  # stopped by Ctrl-Z, the program would leave the terminal in this mode
        termios.tcsetattr(self._fd, termios.TCSADRAIN, settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()
        self._forget()

    def fileno(self) -> int:
        """A descriptor that becomes readable when a key is pressed."""
        return self._fd

    def read(self) -> list[str] | None:
        """The pressed keys: letters in lower case, "enter", "up", "down". None when the terminal is closed."""
        try:
            data = os.read(self._fd, 1024)
        except OSError:
            data = b""
        if not data:
            return None
        typed = self._begun + data.decode("utf-8", "replace")
        begun = _BEGUN.search(typed)
        self._begun = begun[0] if begun else ""
        return keys(typed.removesuffix(self._begun))

    def _restore(self) -> None:
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)


def keys(typed: str) -> list[str]:
    """The keys in ``typed``, in order; other sequences of the terminal are ignored."""
    found = _KEY.findall(typed)
    return [_NAMES.get(key, key.lower()) for key in found if key in _NAMES or not key.startswith("\x1b")]
