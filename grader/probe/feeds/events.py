"""An event stream (text/event-stream), event by event."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from grader.model import Spot
from grader.probe import content
from grader.probe.exchange import Exchange
from grader.probe.feeds.feed import ReaderFeed
from grader.probe.session import Session
from grader.protocol import sse


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event as a browser would dispatch it; ``fields`` are the names in the order sent, ``start`` its offset.

    ``retry`` is in milliseconds, where the event has such a field; ``reconnection`` is what the stream has set by then.
    """

    type: str
    data: str
    id: str
    retry: int | None
    reconnection: int | None
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


class EventFeed(ReaderFeed[ServerSentEvent, sse.Event | sse.Comment]):
    """Gives out events; comments are kept in their place between them."""

    media_types = ("text/event-stream",)
    item_name = "event"
    rule = "WHATWG HTML 9.2.2"
    telling = (sse.SseFaultKind.TYPE_WITHOUT_DATA, sse.SseFaultKind.JSON_IN_JSON)

    def __init__(self, exchange: Exchange, session: Session) -> None:
        self._stream = sse.EventStreamReader()
        super().__init__(exchange, session, self._stream)
        self._items: deque[sse.Event | sse.Comment] = deque()
        self._comment_bytes = 0
        self._events = 0
        self._last_data = ""
        self._taken = 0
        self._last_id: str | None = None  # of the events that were taken

    def has_item(self) -> bool:
        self.read()
        return self._events > self._taken

    def take(self) -> ServerSentEvent | None:
        """The next event, passing over comments."""
        while self._items:
            item = self._items.popleft()
            if isinstance(item, sse.Event):
                self._taken += 1
                if item.id or "id" in item.fields:
                    self._last_id = item.id
                return self._seen(item)
        return None

    def has_event_or_comment(self) -> bool:
        """Whether an event or a comment has arrived and was not taken yet."""
        self.read()
        return bool(self._items)

    def take_comment(self) -> str | None:
        """The text of the next comment, if no event comes before it."""
        if not self._items or isinstance(self._items[0], sse.Event):
            return None
        item = self._items.popleft()
        assert isinstance(item, sse.Comment)
        return item.text

    @property
    def progress(self) -> int:
        self.read()
        return self._events + ((self._exchange.size - self._comment_bytes) >> 10)

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds, once the stream has set one."""
        self.read()
        return self._stream.retry

    @property
    def last_event_id(self) -> str | None:
        """The last event ID after the events that were taken; None where the stream has set none."""
        is_whole = self._exchange.is_over and not self.has_item()
        return (self._stream.last_event_id or self._last_id) if is_whole else self._last_id

    @property
    def last(self) -> tuple[int, str]:
        return self._events, self._last_data

    def silence(self) -> str:
        return "only comments so far" if self._items and not self.has_item() else super().silence()

    def keep(self, found: list[sse.Event | sse.Comment]) -> None:
        self._comment_bytes += sum(item.end - item.start for item in found if isinstance(item, sse.Comment))
        events = [item for item in found if isinstance(item, sse.Event)]
        self._events += len(events)
        self._last_data = events[-1].data if events else self._last_data
        self._items.extend(found)

    def _seen(self, event: sse.Event) -> ServerSentEvent:
        return ServerSentEvent(
            type=event.type,
            data=event.data,
            id=event.id,
            retry=event.retry,
            reconnection=event.reconnection,
            fields=event.fields,
            start=event.start,
            _session=self._session,
            _spot=self._exchange.spot(event.start),
        )
