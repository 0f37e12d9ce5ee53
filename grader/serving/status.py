"""The app's own status. The learner's code could write it, too, so no verdict depends on it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from grader import wire
from grader.errors import NO_THREADS, NO_UPSTREAM

if TYPE_CHECKING:
    from grader.model import BootFailure, Place, Raised
    from grader.serving.witness import Witness

_BUFFERED = 1 << 16  # bytes of a line that has not ended
_MOST_RAISED = 200  # errors that are kept: those of one check are asked for when it ends
_NEWS_LIMIT = 0.2  # seconds, four ticks: until what the app sent before its response has been read
_LONG = 0.15  # seconds of a blocked event loop that a report notes
_CURRENT = 1.0  # seconds for which a report of a blocked event loop stands; there is one every 50 ms


class AppStatus:
    """The status lines of one app, taken in on the reader's thread; ``news`` is notified of each change.

    What it says of this machine counts as far as a ``witness`` finds the same: then, or when a check asks.
    """

    def __init__(self, witness: Witness | None = None) -> None:
        self._witness = witness
        self.news = threading.Condition()
        self.ticks = 0
        self.has_begun = False  # with the learner's module
        self.is_imported = False
        self.is_ready = False
        self.is_out_of_memory = False  # a request ended with a MemoryError
        self.is_closed = False  # nothing more will come
        self.is_unjailed = False  # the jail that was ordered is not there
        self.loading_at: Place | None = None
        self.longest_blockage: Place | None = None
        self.failure: BootFailure | None = None
        self.stopped: wire.Stopped | None = None
        self.routes: tuple[str, ...] = ()
        self._raised: deque[tuple[float, Raised]] = deque(maxlen=_MOST_RAISED)
        self._complaints: set[str] = set()  # what the app says of this machine
        self._machine_fault = ""
        self._blocked_at: tuple[float, Place | None] = (0.0, None)
        self._buffer = b""

    def feed(self, data: bytes) -> None:
        """Take in what was read from the pipe; nothing means that its writers have closed it."""
        *lines, rest = (self._buffer + data).split(b"\n")
        self._buffer = rest[-_BUFFERED:]
        with self.news:
            for line in lines:
                self._note(wire.read_status(line))
            self.is_closed = self.is_closed or not data
            self.news.notify_all()

    @property
    def is_decided(self) -> bool:
        """Whether the start has succeeded or failed, or nothing more will come that could tell it."""
        return self.is_ready or self.failure is not None or self.is_closed

    def machine_fault(self) -> str:
        """A fault of this machine that harms the app, or "".

        What the app's process sent before its response has been read by the next tick.
        """
        ticks = self.ticks
        with self.news:
            known = lambda: self._machine_fault or self.is_closed or self.ticks > ticks  # noqa: E731
            self.news.wait_for(known, timeout=_NEWS_LIMIT)
            for complaint in sorted(self._complaints):
                self._ask_witness(complaint)
            return self._machine_fault

    def blocked_at(self) -> Place | None:
        """The line where the event loop is blocked now, as far as it is known."""
        at, place = self._blocked_at
        return place if time.monotonic() - at < _CURRENT else None

    def raised(self, *, since: float, until: float) -> tuple[Raised, ...]:
        """The errors between two times of the monotonic clock that nothing caught, as far as they are kept."""
        with self.news:
            return tuple(raised for when, raised in self._raised if since <= when <= until)

    @property
    def last_place(self) -> Place | None:
        """The line of the learner's code that was last seen during start-up."""
        return self.blocked_at() if self.is_imported else self.loading_at

    def _note(self, status: wire.Status | None) -> None:
        match status:
            case wire.Sign.TICK:
                self.ticks += 1
            case wire.Sign.UNJAILED if not self.has_begun:  # later the learner's code could say so
                self.is_unjailed = True
            case wire.Loading(seconds, location):
                self.has_begun, self.loading_at = True, _place(location, seconds)
            case wire.Sign.IMPORTED:
                self.is_imported = True
            case wire.Sign.READY:
                self.is_ready = True
            case wire.Sign.STARVED:
                self._ask_witness(NO_THREADS)
            case wire.Sign.OUT_OF_MEMORY:
                self.is_out_of_memory = True
            case wire.Blocked(seconds, location):
                self._note_blockage(_place(location, seconds))
            case wire.Failed(headline, advice, frames):
                from grader.model import BootFailure  # the app was started before

                self.failure = BootFailure(headline, advice, tuple(map(_frame, frames)))
            case wire.Raised(headline, frames):
                from grader.model import Raised  # as above

                self._raised.append((time.monotonic(), Raised(headline, tuple(map(_frame, frames)))))
            case wire.Routes(names):
                self.routes = names
            case wire.Unreachable():
                self._ask_witness(NO_UPSTREAM)
            case wire.Stopped():
                self.stopped = status

    def _ask_witness(self, complaint: str) -> None:
        self._complaints.add(complaint)
        if self._machine_fault or self._witness is None:
            return
        if complaint == NO_THREADS and self._witness.no_threads():
            self._machine_fault = NO_THREADS
        elif complaint == NO_UPSTREAM and (reason := self._witness.no_upstream()):
            self._machine_fault = f"{NO_UPSTREAM}: {reason}"

    def _note_blockage(self, place: Place | None) -> None:
        self._blocked_at = (time.monotonic(), place)
        if (
            self.is_ready  # before, there is nobody else to be served
            and place
            and place.seconds >= _LONG
            and (self.longest_blockage is None or place.seconds > self.longest_blockage.seconds)
        ):
            self.longest_blockage = place


class Timeout:
    """Is over after so many seconds, and so many liveness ticks: a busy machine makes both rare.

    Seconds for which the app's first thread could go on, but got no processor, do not count: ``held_up`` tells how many
    there were. A tick needs much less of a processor than an import. In any case, also without any ticks (a call that
    holds the interpreter's lock), it is over after ``_MOST`` times the seconds; and after ``_USED`` times as many
    processor seconds of its own threads, ``used``, which may have kept the first one from its work.
    """

    _USED = 3
    _MOST = 6  # of the default limit of a start, which is 10 seconds, that is a minute

    def __init__(
        self,
        status: AppStatus,
        *,
        seconds: float,
        ticks: float,
        held_up: Callable[[], float] = lambda: 0.0,
        used: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._status = status
        self._held_up = held_up
        self._used = used
        self._seconds = seconds
        self._ticks = status.ticks + ticks
        self._began = time.monotonic()

    @property
    def is_over(self) -> bool:
        elapsed = time.monotonic() - self._began
        if elapsed <= self._seconds:
            return False
        was_given_time = self._status.ticks >= self._ticks and elapsed - self._held_up() > self._seconds
        return was_given_time or self._used() > self._USED * self._seconds or elapsed > self._MOST * self._seconds


def _place(location: wire.Location | None, seconds: float) -> Place | None:
    return None if location is None else _frame(location, seconds)


def _frame(found: wire.Location, seconds: float = 0.0) -> Place:
    from grader.model import Place  # the app was started before

    return Place(found.file, found.line, found.function, found.text, found.doing, seconds)
