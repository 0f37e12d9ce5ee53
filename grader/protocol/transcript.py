"""The record of both ends: what happened at each, when, with which bytes. It is bounded, and only added to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Lane(Enum):
    """The end at which something happened."""

    CLIENT = "client"
    UPSTREAM = "upstream"


class Act(Enum):
    """The kinds of entries: SENT to STALLED at the client end, OPENED to CLOSED at the upstream end."""

    SENT = "sent"  # the request, by the client
    HEAD = "head"  # status line and header fields, by the app
    CHUNK = "chunk"  # body bytes, by the app
    ENDED = "ended"  # the body is complete
    BROKEN = "broken"  # the response failed as an HTTP message: by a reset, an early close, broken framing
    DISCONNECTED = "disconnected"  # the client closed or aborted the connection
    STALLED = "stalled"  # the client stopped reading
    OPENED = "opened"  # the app opened a stream of the upstream
    PULLED = "pulled"  # the app asked for an item
    GAVE = "gave"  # the upstream gave an item
    FAILED = "failed"  # the result of a pull was a failure
    FINISHED = "finished"  # the result of a pull was the end
    CLOSED = "closed"  # the app closed its connection to the upstream


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``at`` is seconds since the check began; ``size`` counts all bytes, ``data`` are the first of them."""

    at: float
    lane: Lane
    act: Act
    stream: int
    data: bytes = b""
    size: int = 0
    detail: str = ""


class Transcript:
    """Keeps the first and the last entries of a check, and counts those that are left out between them.

    A check of the katas has some dozen entries. The limits are for apps that send or pull without end.
    """

    FIRST = 200
    LAST = 400
    KEEP = 512  # bytes of an entry's data: more than a report shows of it

    def __init__(self) -> None:
        self._first: list[Entry] = []
        self._last: list[Entry] = []
        self._dropped = 0

    def add(self, entry: Entry) -> None:
        """Append one entry. Two threads may call this: list.append is atomic."""
        if len(self._first) < self.FIRST:
            self._first.append(entry)
            return
        self._last.append(entry)
        if len(self._last) >= 2 * self.LAST:
            self._dropped += len(self._last) - self.LAST
            del self._last[: -self.LAST]

    @property
    def left_out(self) -> int:
        """The number of entries that are missing between the first and the last."""
        return self._dropped + max(0, len(self._last) - self.LAST)

    def entries(self) -> tuple[Entry, ...]:
        """The entries that were kept, in the order in which they happened."""
        kept = [*self._first, *self._last[-self.LAST :]]
        return tuple(sorted(kept, key=lambda entry: entry.at))


def clip(data: bytes) -> bytes:
    """The part of ``data`` that a transcript keeps."""
    return data[: Transcript.KEEP]
