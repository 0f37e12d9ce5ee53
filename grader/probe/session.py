"""All that one check holds: its transcript, its draw, its responses and upstreams. Closed when the check ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from grader.probe.draw import Draw
from grader.probe.gate import UpstreamServer
from grader.probe.waiting import Waiter
from grader.protocol.transcript import Act, Entry, Lane, Transcript, clip
from grader.serving.app import Served
from grader.text import visible


class Closable(Protocol):
    def close(self) -> None: ...


class Session:
    """One check's hold on both ends. ``schemas`` is the folder with the kata's JSON Schemas."""

    def __init__(self, *, app: Served, server: UpstreamServer, waiter: Waiter, schemas: Path, draw: Draw) -> None:
        self.app = app
        self.server = server
        self.waiter = waiter
        self.schemas = schemas
        self.draw = draw
        self.born = time.monotonic()
        self.diverged: float | None = None
        self.transcript = Transcript()
        self.requests: list[str] = []
        self.numbers = 0  # of requests so far
        self.streams = 0  # that the app has opened at the upstream, all keys together
        self._open: list[Closable] = []
        self._strangers = len(server.unknown_keys)
        self._remarks: list[Callable[[], str]] = []
        self._situations: list[Callable[[str], str]] = []

    def record(self, lane: Lane, act: Act, stream: int, data: bytes = b"", detail: str = "") -> None:
        """Add to the transcript; called from the specification's thread and from the upstream's."""
        at = time.monotonic() - self.born
        self.transcript.add(Entry(at, lane, act, stream, clip(data), len(data), detail))

    def mark_divergence(self) -> None:
        """Here expectation and observation part: at the first call, for what follows is only the way out."""
        if self.diverged is None:
            self.diverged = time.monotonic() - self.born

    def hold(self, thing: Closable) -> None:
        self._open.append(thing)

    def when_failed(self, remark: Callable[[], str]) -> None:
        """Ask ``remark``, should the check fail, for what else a learner ought to know; "" is nothing."""
        self._remarks.append(remark)

    def explain(self, situation: Callable[[str], str]) -> None:
        """Ask ``situation``, given a request's address and body, what the app does for that request; "" is unknown."""
        self._situations.append(situation)

    def situations(self, asked: str) -> list[str]:
        """What the app is about at the upstream end for the request ``asked``."""
        return [situation(asked) for situation in self._situations]

    def remarks(self) -> list[str]:
        """What else was noticed: it may be the cause of what a check has seen."""
        found = [text for remark in self._remarks if (text := remark())]
        if asked := self.server.unknown_keys[self._strangers :]:
            name = visible(asked[0], 60)
            found.append(f"the app asked the upstream for “{name}”, which no request named: hand it over as it came")
        if self.server.is_crowded:
            found.append(
                "the app had more connections to the upstream open at once than it serves, so some were aborted"
            )
        return found

    def close(self) -> None:
        """Hang up at both ends, so that no check is disturbed by what an earlier one left behind."""
        for thing in reversed(self._open):
            thing.close()
        self._open.clear()
