"""An event stream (text/event-stream), event by event."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from grader.probe import content
from grader.probe.exchange import Exchange
from grader.probe.feeds.feed import ReaderFeed
from grader.probe.session import Session
from grader.probe.values import Json
from grader.protocol import sse
from grader.protocol.sse import Comment


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
    _exchange: Exchange

    def json(self, schema: str = "") -> Json:
        """The event's data, parsed as JSON and checked against the kata's ``schemas/<schema>.json``.

        Raises Violation: not JSON (RFC 8259), or not of that shape.
        """
        what = f"the data of the {self.type} event"
        spot = partial(self._exchange.spot, self.start)
        return content.parse(self.data, what=what, schema=schema, session=self._session, spot=spot)


class EventFeed(ReaderFeed[ServerSentEvent, sse.Event | Comment]):
    """Gives out events; comments are kept in their place between them."""

    media_types = ("text/event-stream",)
    item_name = "event"
    rule = "WHATWG HTML 9.2.2"
    telling = (sse.SseFaultKind.TYPE_WITHOUT_DATA, sse.SseFaultKind.JSON_IN_JSON)

    def __init__(self, exchange: Exchange, session: Session) -> None:
        self._stream = sse.EventStreamReader()
        super().__init__(exchange, session, self._stream)
        self.events: list[ServerSentEvent] = []  # taken or not, as the comments
        self.comments: list[Comment] = []
        self._items: list[ServerSentEvent | Comment] = []
        self._at = 0  # the items before were taken, or passed over
        self._taken = 0  # events
        self._comment_bytes = 0
        self._last_id: str | None = None  # of the events that were taken

    def has_item(self) -> bool:
        self.read()
        return len(self.events) > self._taken

    def take(self) -> ServerSentEvent | None:
        """The next event, passing over comments."""
        while item := self._next():
            self._at += 1
            if isinstance(item, ServerSentEvent):
                self._taken += 1
                if item.id or "id" in item.fields:
                    self._last_id = item.id
                return item
        return None

    def has_event_or_comment(self) -> bool:
        """Whether an event or a comment has arrived and was not taken yet."""
        self.read()
        return self._next() is not None

    def has_comment(self) -> bool:
        """Whether what has arrived next, and was not taken yet, is a comment."""
        return isinstance(self._next(), Comment)

    def take_comment(self) -> str | None:
        """The text of the next comment, if no event comes before it."""
        item = self._next()
        if not isinstance(item, Comment):
            return None
        self._at += 1
        return item.text

    @property
    def progress(self) -> int:
        self.read()
        return len(self.events) + ((self._exchange.size - self._comment_bytes) >> 10)

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
        return len(self.events), self.events[-1].data if self.events else ""

    def silence(self) -> str:
        return "only comments so far" if self._next() and not self.has_item() else super().silence()

    def in_more_lines(self) -> str:
        words = super().in_more_lines()
        return f"{words}, and only comments so far" if self.comments and not self.events else words

    def keep(self, found: list[sse.Event | Comment]) -> None:
        for item in found:
            if isinstance(item, Comment):
                self._comment_bytes += item.end - item.start
                self.comments.append(item)
                self._items.append(item)
            else:
                self.events.append(self._seen(item))
                self._items.append(self.events[-1])

    def _next(self) -> ServerSentEvent | Comment | None:
        return self._items[self._at] if self._at < len(self._items) else None

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
            _exchange=self._exchange,
        )
