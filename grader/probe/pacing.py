"""Whose turn it is in one check, and where the app was late by itself: what its session knows of the app's pace."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from grader.errors import TooLate
from grader.protocol.transcript import Act, Entry

if TYPE_CHECKING:
    from grader.model import Place

#: Bytes that a client has not read yet. The buffers between app and client hold several times as much, so an app with
#: fewer unread bytes than that does not wait for its client.
_UNREAD: Final = 1 << 14
#: What comes to an app from the two ends, and makes it its turn.
_CALLS_FOR_MORE: Final = {Act.SENT, Act.GAVE, Act.FINISHED, Act.FAILED}


class Holds(Protocol):
    """A gate of the upstream."""

    @property
    def waiting(self) -> Collection[object]: ...


class Reads(Protocol):
    """One request of the check, as its client sees it."""

    @property
    def is_open(self) -> bool: ...

    @property
    def is_over(self) -> bool: ...

    @property
    def unread(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Rest:
    """The app did nothing for ``seconds``, though it was its turn; ``after`` is what had happened last, in words."""

    seconds: float
    after: str
    request: int  # the number of the request in its check, from 0


@dataclass(frozen=True, slots=True)
class Blockage:
    """The event loop did not iterate for ``seconds``: its thread slept, or computed. ``place`` is a learner's line."""

    seconds: float
    computed: bool
    place: Place | None
    request: int


class Pacing:
    """The pace of an app in one check.

    It is the app's turn while a request of the check waits for its response and nothing outside of the app holds up any
    request: no gate of the upstream, and no client that does not read. One request can hold up another inside the app,
    by a lock or a pool of threads that is too small; for that reason all of them count.
    """

    def __init__(self, gates: Sequence[Holds] = ()) -> None:
        self._gates = gates  # of the check; grows
        self.is_too_late: Callable[[], bool] = lambda: False  # then nothing more is awaited
        self.rests: list[Rest] = []
        self.blockages: list[Blockage] = []
        self.requests: list[Reads] = []
        self.is_slow = False  # a client of this check reads slowly, or not at all
        self.collects = False  # garbage was collected at the grader's request, which takes the loop's time
        self.acts = 0  # that were recorded, at both ends
        self.acted_at = 0.0  # the last of them, by the monotonic clock
        self._last: Entry | None = None
        self._given: Counter[int] = Counter()  # items, by the number of the stream

    def note(self, entry: Entry) -> None:
        """Something has happened. Called from two threads: the specification's and the upstream server's."""
        if entry.act is Act.GAVE:
            self._given[entry.stream] += 1
        if entry.act in _CALLS_FOR_MORE:
            self._last = entry
        self.acts, self.acted_at = self.acts + 1, time.monotonic()

    @property
    def late(self) -> float:
        """Seconds for which the app has rested on its turn, or blocked its event loop."""
        return sum(rest.seconds for rest in self.rests) + sum(blockage.seconds for blockage in self.blockages)

    def must_be_in_time(self) -> None:
        """Raises TooLate where this check has such delays, and there are too many in all."""
        if self.late and self.is_too_late():
            raise TooLate(self.late)

    @property
    def in_progress(self) -> int:
        """The number of requests whose client still waits for something."""
        return sum(request.is_open and not request.is_over for request in self.requests)

    @property
    def is_apps_turn(self) -> bool:
        if self.is_slow or any(gate.waiting for gate in self._gates):
            return False
        waiting = [request for request in self.requests if request.is_open and not request.is_over]
        return bool(waiting) and all(request.unread <= _UNREAD for request in waiting)

    @property
    def latest(self) -> int:
        """The latest request in progress, by its number from 0; or the latest of all."""
        numbers = range(len(self.requests) - 1, -1, -1)
        return next((number for number in numbers if not self.requests[number].is_over), max(0, len(self.requests) - 1))

    def last_in_words(self) -> str:
        """What has come to the app last, such as "item 2 had been given to it"."""
        match self._last:
            case Entry(act=Act.GAVE, stream=stream):
                return f"item {self._given[stream]} had been given to it"
            case Entry(act=Act.FINISHED):
                return "the upstream had come to its end"
            case Entry(act=Act.FAILED):
                return "the upstream had failed"
            case _:
                return "the request had been sent"
