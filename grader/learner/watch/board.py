"""What a watch shows on its page: the last report and what it does now, for those who listen in other threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from grader.learner.watch.state import State
from grader.report import html
from grader.report.changes import between
from grader.text import plural, visible

#: The address of the page's script, beside the page.
SCRIPT = "live.js"
_FOUND = 300  # characters of what was found in mid-grade


@dataclass(frozen=True, slots=True)
class Notice:
    """The newest news: its ``number`` grows. ``report`` is the number of the grade whose report is the last one, 0
    without one; ``now`` says what the watch does.
    """

    number: int = 0
    report: int = 0
    is_grading: bool = False
    now: str = ""


class Board:
    """A watch calls :meth:`begin`, :meth:`show` and :meth:`close`; a server reads the rest, in a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = State()
        self._heading = ""
        self._graded = 0  # grades of all katas that have ended with a report
        self._notice = Notice()
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self.is_closed = False

    def begin(self, heading: str) -> None:
        """The kata ``heading`` is watched from now on."""
        with self._lock:
            self._heading, self._state = heading, State()
            self._graded += 1  # the page of the kata before is not shown any more

    def show(self, state: State) -> None:
        """``state`` is what is shown from now on."""
        with self._lock:
            before, self._state = self._state, state
            self._graded += state.report is not before.report and state.report is not None
            notice = Notice(self._notice.number + 1, self._graded, state.progress is not None, _now(state))
            if (notice.report, notice.now) == (self._notice.report, self._notice.now):
                return
            self._notice = notice
        self._tell()

    def close(self) -> None:
        """The watch has ended: all listeners are woken."""
        self.is_closed = True
        self._tell()

    # -- for the server -----------------------------------------------------------------------------------------------

    @property
    def notice(self) -> Notice:
        """The newest news."""
        with self._lock:
            return self._notice

    def page(self) -> str:
        """The page as it is now."""
        with self._lock:
            state, heading, notice = self._state, self._heading, self._notice
        live = html.Live(SCRIPT, notice.report, notice.now, between(state.before, state.report))
        if state.report is None:
            return html.waiting(heading, state.message or "The first grade is not over yet.", live)
        return html.render(state.report, live)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set whenever there are news."""
        heard = asyncio.Event()
        with self._lock:
            self._listeners[heard] = asyncio.get_running_loop()
        try:
            yield heard
        finally:
            with self._lock:
                del self._listeners[heard]

    def _tell(self) -> None:
        with self._lock:
            listeners = list(self._listeners.items())
        for heard, loop in listeners:
            with suppress(RuntimeError):  # that loop has ended meanwhile
                loop.call_soon_threadsafe(heard.set)


def _now(state: State) -> str:
    match state.progress:
        case None if state.message and state.report is None:
            return state.message
        case None:
            return f"Run {state.runs}. Waiting for a save." if state.runs else "Waiting for a save."
        case progress if progress.total == 0:
            return f"Run {state.runs}: the app is starting."
        case progress:
            found = f" So far: {visible(progress.found, _FOUND)}" if progress.found else ""
            return f"Run {state.runs}: {progress.done} of {plural(progress.total, 'check')}.{found}"
