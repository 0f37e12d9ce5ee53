"""The session of one check: its transcript, draw, responses and upstreams. Closed when the check ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from grader.errors import BootFailed, Violation
from grader.probe.asked import Asked
from grader.probe.draw import Draw
from grader.probe.gate import Gate, Recorder, UpstreamServer
from grader.probe.pacing import Pacing
from grader.probe.values import Values
from grader.probe.waiting import Waiter
from grader.protocol.transcript import Act, Entry, Lane, Transcript, clip
from grader.serving.app import Served
from grader.text import visible


class Closable(Protocol):
    def close(self) -> None: ...


class Sent(Closable, Protocol):
    """A request that has been sent."""

    @property
    def is_idle(self) -> bool:
        """Whether its response has ended, and the client has not disconnected."""

    @property
    def is_server_error(self) -> bool:
        """Whether its response has a status of 500 or more (RFC 9110 15.6)."""

    def responded(self, key: str) -> str:
        """Its response in words, if it carries ``key`` and the response explains much; else ""."""

    def first_fault(self) -> str:
        """The first fault of its body that may be why a check failed, or ""."""

    def late_fault(self) -> Violation | None:
        """What has come after the end of its response, until now."""


@dataclass(frozen=True, slots=True)
class Doing:
    """The app's state at the upstream end, in words, whether it waits for an item there, and what helps."""

    words: str
    waits: bool = False
    hint: str = ""


class Session:
    """Both ends, for one check. ``schemas`` is the folder with the kata's JSON Schemas."""

    def __init__(
        self,
        *,
        app: Served,
        server: UpstreamServer,
        waiter: Waiter,
        schemas: Path,
        draw: Draw,
        title: str = "",
    ) -> None:
        self.app = app
        self.server = server
        self.schemas = schemas
        self.draw = draw
        self.title = title  # of the check
        self.born = time.monotonic()
        self.diverged: float | None = None
        self.transcript = Transcript()
        self.requests: list[str] = []
        self.numbers = 0  # of requests so far
        self.asked: list[Asked] = []
        self.gates: list[Gate] = []
        self.pacing = Pacing(self.gates)
        self.waiter = waiter.watching(self.pacing)
        self.values = Values()
        self.streams = 0  # that the app has opened at the upstream, all keys together
        self.restarted: Callable[[], tuple[Served, Waiter]] | None = None  # starts the app again
        self._written = app.account.written
        self.touched = 0  # the number of the request that was sent last, or whose response was looked at last
        self._open: list[Closable] = []
        self.sent: list[Sent] = []
        self.unknown_before = len(server.unknown_keys)
        self._remarks: list[Callable[[], str]] = []
        self._hints: list[Callable[[], tuple[int, str]]] = []
        self._situations: list[Callable[[Asked], Doing | None]] = []

    def record(self, lane: Lane, act: Act, stream: int, data: bytes = b"", detail: str = "") -> None:
        """Add to the transcript. Called from two threads: the specification's and the upstream server's."""
        at = time.monotonic() - self.born
        entry = Entry(at, lane, act, stream, clip(data), len(data), detail)
        self.transcript.add(entry)
        self.pacing.note(entry)

    def upstream_recorder(self) -> Recorder:
        """Records what happens at one gate. The connections of all gates of a check are numbered in one row."""
        numbers: dict[int, int] = {}

        def record(act: Act, stream: int, data: bytes, detail: str) -> None:
            if act is Act.OPENED:
                self.streams += 1
                numbers[stream] = self.streams
            self.record(Lane.UPSTREAM, act, numbers[stream], data, detail)

        return record

    def restart(self) -> None:
        """End the app, and start it again. Raises Violation when it does not start."""
        assert self.restarted is not None
        try:
            self.app, waiter = self.restarted()
            self.waiter = waiter.watching(self.pacing)
            self._written = 0
        except BootFailed as error:
            place = error.failure.frames[-1] if error.failure.frames else None
            raise Violation(expected="the app starts again", seen=error.failure.headline, place=place) from None

    def mark_divergence(self) -> None:
        """The point of divergence is now. Only the first call counts: after it, the check only cleans up."""
        if self.diverged is None:
            self.diverged = time.monotonic() - self.born

    def printed(self) -> str:
        """What the app has printed since this check began."""
        return self.app.account.printed_since(self._written)

    def hold(self, thing: Closable) -> None:
        self._open.append(thing)

    def hold_sent(self, request: Sent) -> None:
        self.sent.append(request)

    def late_fault(self) -> Violation | None:
        """What has come after the end of a response, until now: bytes that do not belong to it."""
        return next((fault for request in self.sent if (fault := request.late_fault())), None)

    def first_fault(self) -> str:
        """The first fault of a response that may be why the check failed, or ""."""
        return next((words for request in self.sent if (words := request.first_fault())), "")

    def when_failed(self, remark: Callable[[], str]) -> None:
        """Call ``remark`` if the check fails: it returns what else a learner should know, or ""."""
        self._remarks.append(remark)

    def hint_by_status(self, hint: Callable[[], tuple[int, str]]) -> None:
        """Call ``hint`` if the check fails: it returns a status that came, and what helps with it, or ""."""
        self._hints.append(hint)

    def hints(self) -> dict[int, str]:
        """Hints for causes that no check is about, by the status that shows the cause."""
        return {status: text for hint in self._hints for status, text in [hint()] if text}

    def responded(self, key: str) -> str:
        """The last response to a request that carries ``key``, in words; "" where none has come that explains much."""
        return next((words for request in reversed(self.sent) if (words := request.responded(key))), "")

    def explain(self, situation: Callable[[Asked], Doing | None]) -> None:
        """Call ``situation`` with a request's address and body: it returns what the app does for it, if anything."""
        self._situations.append(situation)

    def doing(self, asked: Asked) -> Doing | None:
        """The app's state at the upstream end for the request ``asked``, in words."""
        return next((doing for situation in self._situations if (doing := situation(asked))), None)

    def remarks(self, *, is_refusal: bool = False) -> list[str]:
        """Other observations that may be the cause of the failure. ``is_refusal``: the app was to refuse a request."""
        found = [text for remark in self._remarks if (text := remark())]
        if asked := self.server.unknown_keys[self.unknown_before :]:
            name = f"the app asked the upstream for “{visible(asked[0], 60)}”"
            found.append(
                f"{name} instead of refusing the request: check it before you open the upstream"
                if is_refusal
                else f"{name}, but no request asks for that: pass the request's text on unchanged"
            )
        if self.server.is_crowded:
            found.append(
                "the app had more connections to the upstream open at once than it serves, so some were aborted"
            )
        return found

    def close_active(self) -> None:
        """Close both ends, so that what this check leaves open does not disturb the next one.

        Idle connections stay, until :meth:`close`: an app may still send bytes after the end of its response.
        """
        for request in self.sent:
            if not request.is_idle:
                request.close()
        for thing in reversed(self._open):
            thing.close()
        self._open.clear()

    def close(self) -> None:
        """Close everything."""
        for request in self.sent:
            request.close()
        self.close_active()
