"""The log of one stream of the upstream: what the app was given on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from grader.wire import End, Failure, Item, Result

#: Bytes of items of one gate that are kept. The katas' longest response has 1.6 MiB; the limit is for apps that pull
#: without end.
_MOST_KEPT: Final = 16 << 20


@dataclass(slots=True)
class StreamLog:
    """Items in their order, the failure's message, if any, and whether the end was given.

    It begins as the stream is opened; ``opened_at`` is in seconds since 1970, as are the times of an exchange.
    """

    items: list[str] = field(default_factory=list)
    failure: str | None = None
    ended: bool = False
    is_complete: bool = True  # no item was left out
    opened_at: float = field(default_factory=time.time, compare=False)

    def note(self, result: Result, *, in_all: int) -> None:
        """Add the result of a pull; ``in_all`` are the bytes of all items that its gate has given."""
        match result:
            case Item(text):
                self.is_complete = self.is_complete and in_all <= _MOST_KEPT
                if self.is_complete:
                    self.items.append(text)
            case Failure(message):
                self.failure = message
            case End.END:
                self.ended = True


def joined(logs: Sequence[StreamLog]) -> StreamLog:
    """What all ``logs`` have, as if one stream had been given it."""
    return StreamLog(
        items=[item for log in logs for item in log.items],
        failure=next((log.failure for log in logs if log.failure is not None), None),
        ended=any(log.ended for log in logs),
        is_complete=all(log.is_complete for log in logs),
    )
