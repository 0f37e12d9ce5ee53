"""Requests that are all to pull at the same time: for how long the app does nothing before the last of them does."""

from __future__ import annotations

import time
from typing import Final

from grader.probe.pacing import Rest
from grader.probe.session import Session
from grader.probe.watch import LOOK, Ready
from grader.serving.threads import NOTHING

#: Seconds of sleep, all together, that are a rest. The katas' bound is 0.05 seconds for each request.
_REST: Final = 0.1
#: Where the states of threads are not known, that is so many times as long.
_CAREFUL: Final = 5


class Gathering:
    """One such wait.

    Nothing but the app decides when a request pulls: all of them have been sent, and a pull needs nothing from outside.
    So what it sleeps meanwhile is a delay of the last request, also where others pull in between: an app that lets
    requests in one by one, each some milliseconds after the one before, never rests for long, but the last of 32 waits
    for all of it.
    """

    def __init__(self, session: Session, ready: Ready) -> None:
        self._session = session
        self._ready = ready
        self._acts = session.pacing.acts
        self._blockages = len(session.pacing.blockages)
        self._last, self._at = NOTHING, time.monotonic()
        self._slept = 0.0

    def ready(self, seconds: float) -> bool:
        """Whether all have pulled within ``seconds``, with looks at the app meanwhile."""
        deadline = time.monotonic() + seconds
        while not (have := self._ready(min(LOOK, max(0.0, deadline - time.monotonic())))):
            self._look()
            if time.monotonic() >= deadline:
                break
        return have

    def end(self) -> None:
        """All have pulled: note a rest, if this was one, and not what has been noted as a blockage."""
        pacing = self._session.pacing
        if len(pacing.blockages) > self._blockages:
            return
        if self._slept >= (_REST if self._last.is_exact else _REST * _CAREFUL):
            pacing.rests.append(Rest(self._slept, "all of the requests had been sent", pacing.latest))

    def _look(self) -> None:
        last, at = self._last, self._at
        self._last, self._at = self._session.app.snapshot(), time.monotonic()
        if slept := self._last.slept_since(last, self._at - at):
            for _ in range(2):  # what has arrived on a new connection is read only in the second round
                self._session.server.call()
            self._slept += slept if self._acts == self._session.pacing.acts else 0.0
        self._acts = self._session.pacing.acts
