"""What an app does at the upstream once its client has disconnected: how many items it pulls, and whether it closes."""

from __future__ import annotations

import time
from typing import Final

from grader.probe.gate import Gate
from grader.probe.news import news
from grader.probe.session import Session
from grader.probe.waiting import Awaited, Waited, never

#: Pulls after a disconnect at which counting ends: more than any check allows. FastAPI's own ways of streaming make at
#: most one (a synchronous generator that waits in a thread cannot be cancelled).
_ENOUGH: Final = 3
#: Event-loop iterations in which an app sees a disconnect. The server reads the end of the connection in one, the task
#: that awaits http.disconnect resumes in the next, and the generator is cancelled in a third. Twice as many leave room.
ITERATIONS_TO_SEE_DISCONNECT: Final = 6
#: Seconds for which an app is watched that keeps its upstream connection open: work that goes on may wait between two
#: pulls. One that has closed it can pull no more, so only apps that leave it open take that long.
_WATCHED: Final = 4.0


def pulls_after_disconnect(session: Session, gate: Gate, *, item: str) -> int:
    """The number of items that the app pulls from now on; each pull gets ``item``."""
    waiter = session.waiter
    sees_disconnect = waiter.iterate(ITERATIONS_TO_SEE_DISCONNECT) is Waited.SILENT
    session.server.call()
    before = gate.pulls
    while gate.pulls - before < _ENOUGH and _pulls_again(session, gate):
        gate.give([item])
        sees_disconnect = sees_disconnect and waiter.stays_quiet(never) is Waited.SILENT
        session.server.call()
    return gate.pulls - before


def wait_until_closed(session: Session, gate: Gate) -> Waited:
    """Wait until the app has closed its upstream connections; CAME when it has."""
    released = news(session, lambda: gate.open_streams == 0)
    waited = session.waiter.stays_quiet(released)
    for _ in range(2):
        if waited is Waited.SILENT:
            _collect_garbage(session)
            waited = session.waiter.until(Awaited(released))
    return waited


def _pulls_again(session: Session, gate: Gate) -> bool:
    """Whether the app pulls. That it does not is proven where its upstream connection is closed."""
    decided = news(session, lambda: gate.is_awaited or gate.open_streams == 0)
    waited = session.waiter.stays_quiet(decided)
    for _ in range(2):
        if waited is Waited.SILENT:
            _collect_garbage(session)
            waited = session.waiter.stays_quiet(decided)
    deadline = time.monotonic() + _WATCHED
    while waited is Waited.SILENT and time.monotonic() < deadline:
        waited = session.waiter.until(Awaited(decided))
    return gate.is_awaited


def _collect_garbage(session: Session) -> None:
    """Close what the app no longer refers to: an exception and its traceback may refer to each other.

    It is done twice: the first time may run a finalizer that drops the last reference to another cycle.
    """
    session.pacing.collects = True
    session.app.collect_garbage()
