"""The events of a stream, as a specification sees them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from grader.errors import Violation
from grader.model import Spot
from grader.probe import content
from grader.probe.exchange import Exchange
from grader.probe.session import Session
from grader.protocol import sse


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event as a browser would dispatch it; ``fields`` are the names in the order sent, ``start`` its offset."""

    type: str
    data: str
    id: str
    retry: int | None
    fields: tuple[str, ...]
    start: int
    _session: Session
    _spot: Spot

    def json(self, schema: str = "") -> content.Json:
        """The event's data, parsed as JSON and checked against the kata's ``schemas/<schema>.json``.

        Raises Violation: not JSON (RFC 8259), or not of that shape.
        """
        what = f"the data of the {self.type} event"
        return content.parse(self.data, what=what, schema=schema, session=self._session, spot=self._spot)


@dataclass(frozen=True, slots=True)
class StreamFault:
    """Something in a stream that loses data or breaks the grammar: what, by which rule, and where."""

    message: str
    rule: str
    spot: Spot


class EventFeed:
    """Reads an exchange's body as an event stream, as far as it has arrived."""

    def __init__(self, exchange: Exchange, session: Session) -> None:
        self._exchange = exchange
        self._session = session
        self._reader = sse.Reader()
        self._items: deque[sse.Event | sse.Comment] = deque()
        self.comment_bytes = 0
        self.events = 0

    def read(self) -> None:
        """Show the reader what has arrived since it last looked. Raises Violation on an event without end."""
        try:
            while self._exchange.unread:
                chunk = self._exchange.unread.popleft()
                self._keep(self._reader.feed(chunk.data, chunk.at))
            if self._exchange.is_over:
                self._keep(self._reader.close())
        except sse.EventTooLarge as error:
            raise Violation(
                expected=f"events of less than {error.limit >> 10} KiB",
                seen=f"one that is longer, begun at byte {error.start} of the body",
            ) from error

    def has_item(self) -> bool:
        """Whether an event or a comment has arrived and was not taken yet."""
        self.read()
        return bool(self._items)

    def has_event(self) -> bool:
        """Whether an event has arrived and was not taken yet."""
        self.read()
        return any(isinstance(item, sse.Event) for item in self._items)

    def take_event(self) -> ServerSentEvent | None:
        """The next event, passing over comments; None when there is none yet."""
        while self._items:
            item = self._items.popleft()
            if isinstance(item, sse.Event):
                return self._seen(item)
        return None

    def take_comment(self) -> str | None:
        """The text of the next item, if that is a comment."""
        if not self._items or isinstance(self._items[0], sse.Event):
            return None
        item = self._items.popleft()
        assert isinstance(item, sse.Comment)
        return item.text

    def faults(self) -> list[StreamFault]:
        """What loses data or breaks the grammar, so far."""
        self.read()
        harmful = [fault for fault in self._reader.faults if not fault.harmless]
        return [StreamFault(fault.message, fault.rule, self._exchange.spot(fault.start)) for fault in harmful]

    def first_fault(self) -> str:
        """What breaks the stream first, or "": of an exchange that was read as a stream at all."""
        return next((fault.message for fault in self._reader.faults if not fault.harmless), "")

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds, once the stream has set one."""
        self.read()
        return self._reader.retry

    @property
    def pending(self) -> str | None:
        """One phrase about an event that has begun and not ended."""
        return self._reader.pending

    def _keep(self, found: list[sse.Event | sse.Comment]) -> None:
        self.comment_bytes += sum(item.end - item.start for item in found if isinstance(item, sse.Comment))
        self.events += sum(isinstance(item, sse.Event) for item in found)
        self._items.extend(found)

    def _seen(self, event: sse.Event) -> ServerSentEvent:
        return ServerSentEvent(
            type=event.type,
            data=event.data,
            id=event.id,
            retry=event.retry,
            fields=event.fields,
            start=event.start,
            _session=self._session,
            _spot=self._exchange.spot(event.start),
        )
