"""The record of both ends of the pipe: who did what, when, with which bytes. Append-only and bounded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Lane(Enum):
    """Which end an entry was seen at."""

    CLIENT = "client"
    UPSTREAM = "upstream"


class Act(Enum):
    """What happened. From the client end: SENT .. STALLED; from the upstream end: OPENED .. CLOSED."""

    SENT = "sent"  # the request, by the client
    HEAD = "head"  # status line and header fields, by the app
    CHUNK = "chunk"  # body bytes, by the app
    ENDED = "ended"  # the body is complete
    BROKEN = "broken"  # the message ended before it was complete
    DISCONNECTED = "disconnected"  # the client closed or aborted the connection
    STALLED = "stalled"  # the client stopped reading
    OPENED = "opened"  # the app opened a stream of the upstream
    PULLED = "pulled"  # the app asked for an item
    GAVE = "gave"  # the upstream gave an item
    FAILED = "failed"  # the upstream told of a failure
    FINISHED = "finished"  # the upstream told that there is no more
    CLOSED = "closed"  # the app closed its connection to the upstream


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``at`` is seconds since the check began; ``size`` counts all bytes, ``data`` keeps some."""

    at: float
    lane: Lane
    act: Act
    stream: int
    data: bytes = b""
    size: int = 0
    detail: str = ""


class Transcript:
    """Keeps the first and the last entries of a check, and says how many were left out between them."""

    FIRST = 200
    LAST = 400
    KEEP = 512  # bytes of one entry's data

    def __init__(self) -> None:
        self._first: list[Entry] = []
        self._last: list[Entry] = []
        self._dropped = 0

    def add(self, entry: Entry) -> None:
        """Append one entry. Entries may come from two threads: list.append is atomic."""
        if len(self._first) < self.FIRST:
            self._first.append(entry)
            return
        self._last.append(entry)
        if len(self._last) >= 2 * self.LAST:
            self._dropped += len(self._last) - self.LAST
            del self._last[: -self.LAST]

    @property
    def left_out(self) -> int:
        """How many entries are missing between the first and the last."""
        return self._dropped + max(0, len(self._last) - self.LAST)

    def entries(self) -> tuple[Entry, ...]:
        """What was kept, in the order in which it happened."""
        kept = [*self._first, *self._last[-self.LAST :]]
        return tuple(sorted(kept, key=lambda entry: entry.at))


def clip(data: bytes) -> bytes:
    """The part of ``data`` that a transcript keeps."""
    return data[: Transcript.KEEP]
