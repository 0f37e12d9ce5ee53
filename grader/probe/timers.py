"""The timers that an app has set: what it may do when nothing happens for so long."""

from __future__ import annotations

import time
from typing import Final

from grader.probe.session import Session
from grader.probe.waiting import never
from grader.probe.watch import LOOK
from grader.serving.timers import Timer

#: Seconds. An app that has a timer set is watched until it is over: it may pull again then, or give up a client or an
#: upstream of which it has not heard for so long. For that 5 seconds are usual.
LONGEST: Final = 6.0
#: Timers that are waited for, one after the other: an app that polls, or sends heartbeats, has a new one each time.
_TIMERS: Final = 3
#: Seconds by which a loop may round a timer up: selectors and epoll count in milliseconds.
_ROUNDING: Final = 0.05
#: Seconds until a look at the timers, at most.
_LOOKS: Final = 0.5


def nearest(session: Session) -> Timer | None:
    """The app's nearest timer, of infinite seconds where there is none; None where that is not known.

    Timers are seen while the app sleeps, and a busy machine lets it do so late.
    """
    looks = time.monotonic() + _LOOKS
    while not session.app.snapshot().is_asleep and time.monotonic() < looks:
        time.sleep(LOOK)  # nothing tells that the threads of another process have fallen asleep
    return session.app.next_timer()


def is_due(session: Session, *, within: float) -> bool:
    """Whether the app is known to have set a timer of at most ``within`` seconds.

    That of a thread which waits for a lock may be of any length.
    """
    timer = nearest(session)
    return timer is not None and not timer.is_guess and timer.seconds <= within + _ROUNDING


def outlast(session: Session) -> None:
    """Return when the timers that the app has set are over, after 6 seconds at most; at once where it has none."""
    deadline = time.monotonic() + LONGEST
    for _ in range(_TIMERS):
        timer = nearest(session)
        if timer is None or (over := time.monotonic() + timer.seconds) > deadline:
            return
        session.waiter.stays_quiet(never, until=over)
