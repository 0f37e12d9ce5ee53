"""Ctrl-C, SIGTERM and SIGHUP end the grader at any moment, and leave nothing behind.

Nothing is raised into whatever runs at that moment: there an exception may be lost (in a finaliser, or in a callback of
the import system) or be taken for another one. What has to end is ended from within the signal's handler, and then the
process itself.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

Ending = Callable[[], object]

_endings: list[Ending] = []
_postponed: list[None] = []
_came: list[int] = []
_lost = ["; nothing was graded"]


def end_on_signals() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP end this process, with 128 + the signal's number as its exit status.

    One that was ignored when the process started stays ignored: that is how `nohup` and a shell's `&` ask for it.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _handle)


def suppress_lost_work_notice() -> None:
    """From now on an interrupt does not print that nothing was graded."""
    _lost.append("")


def say_kept(words: str) -> None:
    """From now on an interrupt prints these words instead: what has come of the work so far."""
    _lost.append(f"; {words}")


def on_end(ending: Ending) -> Callable[[], None]:
    """Call ``ending`` when a signal ends the process, the latest first; returns what takes that back.

    It runs between any two instructions of the main thread: it must not wait for a lock of this process.
    """
    _endings.append(ending)

    def forget() -> None:
        with suppress(ValueError):
            _endings.remove(ending)

    return forget


@contextmanager
def postponed() -> Iterator[None]:
    """For work that must not stop half-way: a signal that comes during it takes effect afterwards.

    Once one has come, other threads begin nothing of that kind any more.
    """
    if _came and threading.current_thread() is not threading.main_thread():
        threading.Event().wait()
    _postponed.append(None)
    try:
        yield
    finally:
        _postponed.pop()
        if _came and not _postponed:
            _end(_came[0])


def _handle(number: int, _: FrameType | None) -> None:
    _came.append(number)
    if not _postponed:
        _end(number)


def _end(number: int) -> NoReturn:
    with suppress(ValueError):  # outside the main thread
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C does not wait
        for repeated in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(repeated, signal.SIG_IGN)
    give_up("interrupted" if number == signal.SIGINT else "terminated", code=128 + number)


def give_up(why: str, *, code: int) -> NoReturn:
    """End everything that was registered, say ``why``, and end this process with ``code``. Any thread may call it."""
    for ending in reversed(_endings):
        with suppress(Exception):
            ending()
    with suppress(OSError):
        line = "\r\x1b[K" if os.isatty(2) else ""  # a bar may have been there
        os.write(2, f"{line}grade: {why}{_lost[-1]}.\n".encode())  # whatever state sys.stderr is in
    os._exit(code)
