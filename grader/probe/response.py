"""The response to one request, as a specification sees it: read as it arrives, strictly."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from grader.errors import Violation
from grader.probe import content
from grader.probe.connection import Connection, Disconnect
from grader.probe.exchange import Exchange
from grader.probe.explanation import A_RESPONSE, Explanation
from grader.probe.feeds.choice import feed_for
from grader.probe.feeds.chunks import ByteFeed
from grader.probe.feeds.events import EventFeed, ServerSentEvent
from grader.probe.feeds.feed import Feed, StreamFault
from grader.probe.feeds.records import JsonLine, LineFeed
from grader.probe.session import Session
from grader.probe.waiting import Awaited, Waited
from grader.protocol import http1
from grader.requirement import cited
from grader.text import visible, visible_bytes

#: A response with more items than this counts as a stream without end. The largest kata asks for some hundred.
MAX_ITEMS = 2000

_COMMENT = "a comment, such as “: ping”"

Item = TypeVar("Item")
SomeFeed = TypeVar("SomeFeed", bound=Feed[object])


class Fields(httpx.Headers):
    """Header fields. A missing one is the app's failure, not an error of the specification."""

    def __getitem__(self, name: str) -> str:
        if name not in self:
            raise Violation(expected=f"a header field {name}", seen="none of that name")
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> Any:
        return super().__getitem__(name) if name in self else default


class Response:
    """The response to one request. The request has been sent; nothing has been waited for yet.

    Use it in a ``with`` block: at its end the client disconnects (by a FIN, unless :meth:`disconnect` was called
    before). Every method that waits raises Violation when the awaited thing does not come.
    """

    def __init__(self, session: Session, *, connection: Connection, request: httpx.Request, number: int) -> None:
        self._session = session
        self._exchange = Exchange(session, connection=connection, method=request.method, number=number)
        self._explain = Explanation(session, self._exchange, request)
        self._bytes = ByteFeed(self._exchange, session)
        self._chosen: Feed[object] | None = None
        session.hold(self._exchange)
        session.when_failed(lambda: self._feed.first_fault())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._session.mark_divergence()
        self.disconnect()

    # -- the head -----------------------------------------------------------------------------------------------

    @property
    def status(self) -> int:
        """The status code."""
        return self._head().status

    @property
    def headers(self) -> httpx.Headers:
        """The header fields; names are matched whatever their case. ``headers[name]`` raises Violation without one."""
        return Fields(list(self._head().headers), encoding="latin-1")

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters (RFC 9110 8.3.1); empty when there is none."""
        self._head()
        return self._exchange.media_type

    # -- a whole body -------------------------------------------------------------------------------------------

    def body(self) -> bytes:
        """The whole body, without transfer coding, once it has ended properly."""
        self.wait_for_end()
        return self._exchange.body

    def json(self, schema: str = "") -> content.Json:
        """The whole body, parsed as JSON and checked against the kata's ``schemas/<schema>.json``."""
        text = content.decode(self.body(), what="the body")
        spot = self._exchange.spot(0)
        return content.parse(text, what="the body", schema=schema, session=self._session, spot=spot)

    def wait_for_end(self) -> None:
        """Return when the response has ended, cleanly: its last chunk, or all of Content-Length, has arrived."""
        self._until(lambda: False, awaited="the end of the response")
        self._must_have_ended_well()

    # -- a body item by item ------------------------------------------------------------------------------------

    def next_event(self) -> ServerSentEvent:
        """The next event of a 200 response of type text/event-stream; comments are passed over."""
        return self._next(self._read_as(EventFeed))

    def next_comment(self) -> str:
        """The text of the next comment (WHATWG HTML 9.2.5), which must come before any further event."""
        feed = self._read_as(EventFeed)
        self._until(feed.has_event_or_comment, awaited=_COMMENT, feed=feed)
        comment = feed.take_comment()
        if comment is None:
            event = feed.take()
            seen = f"an event first: {visible(event.data, 80)}" if event else "the response has ended"
            raise Violation(expected=_COMMENT, seen=seen, requirement=cited("WHATWG HTML 9.2.7"))
        return comment

    def events(self) -> list[ServerSentEvent]:
        """All events from here to the end of the stream, which must be a clean one."""
        return self._rest(self._read_as(EventFeed))

    def faults(self) -> list[StreamFault]:
        """What breaks the grammar of an event stream (WHATWG HTML 9.2.5), up to the end of the stream."""
        feed = self._read_as(EventFeed)
        self.wait_for_end()
        return feed.faults()

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds that an event stream has set so far (WHATWG HTML 9.2.6)."""
        feed = self._feed
        return feed.retry if isinstance(feed, EventFeed) else None

    def next_line(self) -> JsonLine:
        """The next line of a 200 response of newline-delimited JSON; a line that is not JSON is passed over."""
        return self._next(self._read_as(LineFeed))

    def lines(self) -> list[JsonLine]:
        """All such lines from here to the end of the response, which must be a clean one."""
        return self._rest(self._read_as(LineFeed))

    def line_faults(self) -> list[StreamFault]:
        """What is not newline-delimited JSON (NDJSON 3.1), up to the end of the response."""
        feed = self._read_as(LineFeed)
        self.wait_for_end()
        return feed.faults()

    def next_chunk(self) -> bytes:
        """The bytes of the body that have arrived since the last call, at least one; without transfer coding.

        For bodies of any media type and status. Where one HTTP chunk ends and the next begins is not told: chunk
        borders carry no meaning (RFC 9112 7.1).
        """
        self._head()
        return self._next(self._bytes)

    # -- time ---------------------------------------------------------------------------------------------------

    def sent_meanwhile(self) -> bytes:
        """Everything that has arrived on the connection, as it came: status line, header fields, framing, body.

        The app's event loop has iterated 40 times before, so an app that meant to send something has sent it. Empty
        when nothing has come; at most the first 64 KiB.
        """
        self._session.waiter.stays_quiet(self._exchange.ready(lambda: bool(self._exchange.raw)))
        return bytes(self._exchange.raw)

    def disconnect(self, how: Disconnect = Disconnect.CLOSE) -> None:
        """The client closes or aborts the connection. A second call does nothing."""
        self._exchange.disconnect(how)

    # -- for `grade trace` --------------------------------------------------------------------------------------

    def look(self, timeout: float) -> None:
        """Take in what arrives within ``timeout`` seconds, up to the end. Raises Violation on a body without bounds."""
        if self._exchange.is_open:
            self._exchange.ready(lambda: False)(timeout)

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come."""
        return self._exchange.is_over

    @property
    def size(self) -> int:
        """Bytes of body so far."""
        return self._exchange.size

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def _feed(self) -> Feed[object]:
        """What reads the body: chosen by media type once the head has come."""
        if self._chosen is None:
            if self._exchange.head is None:
                return self._bytes
            self._chosen = feed_for(self._exchange.media_type)(self._exchange, self._session)
        return self._chosen

    def _head(self) -> http1.Head:
        self._until(lambda: self._exchange.head is not None, awaited=A_RESPONSE)
        if self._exchange.head is None:
            raise self._explain.nothing(A_RESPONSE, Waited.CAME, self._bytes)
        return self._exchange.head

    def _read_as(self, kind: type[SomeFeed]) -> SomeFeed:
        """The feed, as one of ``kind``. Raises Violation for another media type, or another status than 200."""
        head, feed = self._head(), self._feed
        if head.status == 200 and isinstance(feed, kind):
            return feed
        # The body says why, and follows the head in a moment: 50 ms are more than a server on this machine needs.
        self._exchange.ready(lambda: False)(self._session.waiter.timeouts.before_control)
        body = f": {visible_bytes(self._exchange.body, 120)}" if self._exchange.size else ""
        seen = f"{head.status} {visible(self._exchange.media_type) or '(no Content-Type)'}{body}"
        raise Violation(expected=f"200 {kind.media_types[0]}", seen=seen, requirement=cited(kind.rule))

    def _next(self, feed: Feed[Item]) -> Item:
        awaited = f"the next {feed.noun}"
        self._until(feed.has_item, awaited=awaited, feed=feed)
        item = feed.take()
        if item is None:
            raise self._explain.nothing(awaited, Waited.CAME, feed)
        return item

    def _rest(self, feed: Feed[Item]) -> list[Item]:
        found: list[Item] = []
        while len(found) <= MAX_ITEMS:
            self._until(feed.has_item, awaited=f"the next {feed.noun}, or the end of the stream", feed=feed)
            if item := feed.take():
                found.append(item)
            elif self._exchange.is_over:
                self._must_have_ended_well()
                return found
        raise Violation(expected="a stream that ends", seen=f"more than {MAX_ITEMS} {feed.noun}s")

    def _until(self, condition: Callable[[], bool], *, awaited: str, feed: Feed[object] | None = None) -> None:
        """Wait for ``condition`` or the end of the exchange. Raises Violation when neither comes."""
        ready = self._exchange.ready(condition)
        waited = self._session.waiter.until(Awaited(ready, progress=lambda: self._feed.progress))
        if waited is not Waited.CAME:
            raise self._explain.nothing(awaited, waited, feed or self._feed)

    def _must_have_ended_well(self) -> None:
        if self._exchange.fault is not None:
            raise self._explain.broken("a complete and valid HTTP response", self._exchange.fault)
