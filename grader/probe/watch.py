"""Watches an app during one wait: whether it rests though it is its turn, and whether its event loop is blocked.

Only evidence counts, and not a stopwatch: that all threads of the app have slept. A thread that could go on is awake,
whatever the load of the machine is, and so is one that computes, collects garbage or reads from a disk. Where it is the
app's turn and all its threads sleep, it waits for a clock. Where a control request has reached the app and all its
threads sleep on, its event loop waits for something else.
"""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import sys
import termios
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from grader.probe.pacing import Blockage, Pacing, Rest
from grader.probe.stillness import Stillness
from grader.serving.app import Served
from grader.serving.threads import NOTHING, Starts, own_wait, starting_seconds

if TYPE_CHECKING:
    from grader.model import Place

Ready = Callable[[float], bool]

#: Seconds between two looks at the app's threads; and until the first one, and the one after a control request.
LOOK: Final = 0.0025
_SOON: Final = 0.001
#: Seconds of sleep that are a rest. The katas' bound is 0.05 seconds, and of such a rest looks miss up to 8 ms. An app
#: that polls a queue of its own every 20 ms is below it.
_REST: Final = 0.04
#: Seconds of sleep after which the upstream end is asked whether a pull has arrived that it has not counted yet.
_UNCONFIRMED: Final = 0.02
#: Seconds of sleep before a control request shows whether the app rests or is blocked. It wakes threads, so that the
#: less is proven on a busy machine the more of them there are.
_QUESTIONABLE: Final = 0.03
#: Seconds of sleep that are a blockage. The bound is 0.05 seconds; 10 ms may pass before a control request is sent.
_BLOCKED: Final = 0.03
#: Processor seconds of the loop's thread after which it is asked at once whether it iterates.
_AT_WORK: Final = 0.01
#: Processor seconds of the loop's thread in which no control request is answered, for each request in progress. The
#: katas' bound is 0.1 seconds at a stretch; it takes three iterations of the loop to accept, read and answer one.
_COMPUTES: Final = 0.3
#: The same until the server has accepted the control request: a loop does so in the next iteration.
_COMPUTES_ON: Final = 0.2
#: Seconds of a new interpreter, which on a busy machine waits for a processor most of the time.
_STARTS: Final = 0.02
#: Seconds of sleep, or of computing, without which a loop is not blocked, however long a control request has waited.
_STOPPED: Final = 0.85
#: Where the states of threads are not known (see :mod:`grader.serving.threads`), times are so many times as long.
_CAREFUL: Final = 5


class Watch:
    """One wait. ``upstream_iteration`` makes the upstream end count what has arrived there."""

    def __init__(self, app: Served, pacing: Pacing, upstream_iteration: Callable[[], None]) -> None:
        self._app = app
        self._pacing = pacing
        self._upstream_iteration = upstream_iteration
        self._begin_turn()

    def ready(self, ready: Ready, seconds: float) -> bool:
        """``ready(seconds)``, with looks at the app as long as it is its turn; a little longer while it sleeps."""
        deadline = time.monotonic() + seconds
        if ready(min(_SOON, seconds)):
            return True  # most things come at once, and whose turn it is costs two calls of the system for each client
        self._ran = self._computed = 0.0
        while self._pacing.is_apps_turn and (deadline - time.monotonic() > LOOK or self._is_questionable):
            self._look()
            if ready(LOOK):
                return True
            if self._computed >= _AT_WORK:  # only a control request shows whether it iterates
                return False
        return ready(max(0.0, deadline - time.monotonic()))

    def control(self, connection: socket.socket) -> Control:
        """A control request has been sent."""
        return Control(self._app, self._pacing, connection, self.still)

    def answered(self) -> None:
        """A control request was answered, and what had arrived at the upstream end by then is counted."""
        self._answers += self._acts == self._pacing.acts

    def came(self) -> None:
        """What was awaited has come. A rest that never ends is not one: then something else is missing."""
        self._end_rest()

    @property
    def _is_questionable(self) -> bool:
        return self.still.grew and self.still.seconds < _QUESTIONABLE

    def _begin_turn(self) -> None:
        self._acts = self._pacing.acts
        self._turn: tuple[str, int] | None = None  # what has come to the app last, and the request that is in progress
        self.still = Stillness()
        self._answers = 0
        self._ran = 0.0  # processor seconds of the loop's thread at the first look since it was awaited
        self._computed = 0.0  # and since then
        self._confirmed = 0.0  # seconds of sleep after which nothing had arrived at the upstream end

    def _look(self) -> None:
        snapshot, now = self._app.snapshot(), time.monotonic()
        for loop in snapshot.threads[:1]:
            self._ran = self._ran or loop.ran
            self._computed = loop.ran - self._ran
        if self.still.seconds - self._confirmed >= _UNCONFIRMED:
            self._upstream_iteration()
            if self._acts == self._pacing.acts:
                self._confirmed = self.still.seconds
        if self._acts != self._pacing.acts:
            self._end_rest()
            return
        if self._turn is None:  # not before: most things come without a look
            self._turn = self._pacing.last_in_words(), self._pacing.latest
        if self._pacing.is_apps_turn:
            self.still.look(now, snapshot, waited=own_wait())

    def _end_rest(self) -> None:
        if self._confirmed and self._answers and self._turn is not None:
            self.still.end(self._pacing.acted_at, self._app.snapshot())
            if self.still.seconds >= (_REST if self.still.is_exact else _REST * _CAREFUL):
                self._pacing.rests.append(Rest(self.still.seconds, *self._turn))
        self._begin_turn()


class Control:
    """One control request, until it is answered."""

    def __init__(self, app: Served, pacing: Pacing, connection: socket.socket, still: Stillness) -> None:
        self._app = app
        self._pacing = pacing
        self._connection = connection
        self._began = time.monotonic()
        self._before = app.loop_seconds()
        self._looking = app.looking_seconds()
        self._computed = 0.0  # by the loop's thread, until the request was seen unanswered last
        self._computed_on = 0.0  # and until it was seen not accepted last
        self._is_accepted = False
        self._still = still
        self._looks = 0  # since the request has reached the app
        self._blocked = 0.0  # the longest sleep of the loop's thread
        self._ran = 0.0  # processor seconds of all threads since the first look
        self._first = NOTHING
        self._starts: Starts = {}  # of worker processes, at the first look
        self._has_asked = False
        self._place: Place | None = None  # what the app's process has told first; later the loop may be elsewhere
        self._last_place: Place | None = None  # of an earlier time

    def is_answered(self, seconds: float) -> bool:
        """Whether it is answered within ``seconds``."""
        deadline = time.monotonic() + seconds
        while not (found := _is_readable(self._connection, min(LOOK, max(0.0, deadline - time.monotonic())))):
            # Now, and not at the end: the grader may be away for long, to read what has come, and the app goes on.
            self._computed = self._app.loop_seconds() - self._before
            if not self._is_accepted:
                self._see_whether_it_is_accepted()
            self._look()
            if time.monotonic() >= deadline:
                break
        return found

    @property
    def looked_for(self) -> float:
        """Processor seconds that looks at the app have taken meanwhile."""
        return self._app.looking_seconds() - self._looking

    def is_held(self) -> bool:
        """Whether threads of the app have run for long since it got the request.

        Without a tick meanwhile, one of them holds the interpreter's lock.
        """
        return self._ran >= _STOPPED

    def has_stopped(self) -> bool:
        """Whether the event loop has done nothing, or nothing else than to compute: a busy machine alone is neither."""
        if not self._still.is_exact or self._computed >= _STOPPED:
            return True
        return self._blocked >= _STOPPED and not self._started_workers()

    def end(self) -> None:
        """The request was answered, or what was awaited has come: note a blockage, if this was one."""
        if self._blocked:
            least = _BLOCKED if self._still.is_exact else _BLOCKED * _CAREFUL
            if self._blocked >= least and not self._started_workers():
                self._note(self._blocked, computed=False)
            self._still.forget()  # blocked, even if not for long: this is not a rest
        elif not self._pacing.collects and self._is_too_long:
            self._note(self._computed, computed=True)

    @property
    def _is_too_long(self) -> bool:
        """Whether the loop has computed for longer than requests in progress may each need, one after the other."""
        requests = max(1, self._pacing.in_progress)
        return self._computed >= _COMPUTES * requests or self._computed_on >= _COMPUTES_ON * requests

    def _see_whether_it_is_accepted(self) -> None:
        if self._app.waiting():
            self._computed_on = self._computed
        else:
            self._is_accepted = True

    def _started_workers(self) -> bool:
        """Whether worker processes were starting meanwhile: a call that starts one waits for its interpreter."""
        return starting_seconds(self._app.starts(), self._starts) >= max(_STARTS, self._blocked / 5)

    def _look(self) -> None:
        if not _is_delivered(self._connection):
            return
        self._looks += 1
        snapshot = self._app.snapshot()
        self._still.look(time.monotonic(), snapshot, waited=own_wait())
        if self._looks == 1:
            self._first, self._starts = snapshot, self._app.starts()
        self._ran = snapshot.ran - self._first.ran
        if self._looks > 1:
            self._blocked = max(self._blocked, self._still.unbroken)
        if self._has_asked and self._place is self._last_place:
            self._place = self._app.blocked_at()
        if not self._has_asked and (self._blocked or time.monotonic() - self._began >= _COMPUTES_ON / 2):
            self._has_asked = True
            self._place = self._last_place = self._app.blocked_at()
            self._app.ask_where()

    def _told_place(self) -> Place | None:
        return self._app.blocked_at() if self._place is self._last_place else self._place

    def _note(self, seconds: float, *, computed: bool) -> None:
        self._pacing.blockages.append(Blockage(seconds, computed, self._told_place(), self._pacing.latest))


def _is_readable(connection: socket.socket, timeout: float) -> bool:
    return bool(select.select([connection], [], [], timeout)[0])


def _is_delivered(connection: socket.socket) -> bool:
    """Whether all that was sent has reached the app's end: on a busy machine it may still be on its way."""
    if sys.platform != "linux":
        return True
    waiting = fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4)
    return int(struct.unpack("i", waiting)[0]) == 0
