"""The response to one request, as a specification sees it: read as it arrives, strictly."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from grader.errors import Violation
from grader.probe import content
from grader.probe.connection import Connection, Disconnect
from grader.probe.exchange import Exchange
from grader.probe.feeds.events import EventFeed, ServerSentEvent
from grader.probe.feeds.feed import StreamFault
from grader.probe.feeds.records import JsonLine, LineFeed
from grader.probe.reading import Reading
from grader.probe.session import Session
from grader.requirement import cited
from grader.text import visible

_COMMENT = "a comment, such as “: ping”"


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
        self._reading = Reading(session, self._exchange, request)
        session.hold(self._exchange)
        session.when_failed(lambda: self._reading.feed.first_fault())
        session.hint_by_status(self._reading.routing_hint)

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
        return self._reading.head().status

    @property
    def headers(self) -> httpx.Headers:
        """The header fields; names are matched whatever their case. ``headers[name]`` raises Violation without one."""
        return Fields(list(self._reading.head().headers), encoding="latin-1")

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters (RFC 9110 8.3.1); empty when there is none."""
        self._reading.head()
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
        self._reading.end()

    # -- a body item by item ------------------------------------------------------------------------------------

    def next_event(self) -> ServerSentEvent:
        """The next event of a 200 response of type text/event-stream; comments are passed over."""
        return self._reading.next(self._reading.as_feed(EventFeed))

    def next_comment(self) -> str:
        """The text of the next comment (WHATWG HTML 9.2.5), which must come before any further event."""
        feed = self._reading.as_feed(EventFeed)
        self._reading.until(feed.has_event_or_comment, awaited=_COMMENT, feed=feed)
        comment = feed.take_comment()
        if comment is None:
            event = feed.take()
            if event is None:
                raise self._reading.nothing(_COMMENT, feed)
            seen = f"an event first: {visible(event.data, 80)}"
            raise Violation(expected=_COMMENT, seen=seen, requirement=cited("WHATWG HTML 9.2.7"))
        return comment

    def events(self) -> list[ServerSentEvent]:
        """All events from here to the end of the stream, which must be a clean one."""
        return self._reading.rest(self._reading.as_feed(EventFeed))

    def faults(self) -> list[StreamFault]:
        """All faults against the grammar of an event stream (WHATWG HTML 9.2.5). Waits for the end of the stream."""
        feed = self._reading.as_feed(EventFeed)
        self.wait_for_end()
        return feed.faults()

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds that an event stream has set so far (WHATWG HTML 9.2.6)."""
        feed = self._reading.feed
        return feed.retry if isinstance(feed, EventFeed) else None

    def next_line(self) -> JsonLine:
        """The next line of a 200 response of newline-delimited JSON; a line that is not JSON is passed over."""
        return self._reading.next(self._reading.as_feed(LineFeed))

    def lines(self) -> list[JsonLine]:
        """All such lines from here to the end of the response, which must be a clean one."""
        return self._reading.rest(self._reading.as_feed(LineFeed))

    def line_faults(self) -> list[StreamFault]:
        """All faults against newline-delimited JSON (NDJSON 3.1). Waits for the end of the response."""
        feed = self._reading.as_feed(LineFeed)
        self.wait_for_end()
        return feed.faults()

    def next_chunk(self) -> bytes:
        """The bytes of the body that have arrived since the last call, at least one; without transfer coding.

        For bodies of any media type and status. Where one HTTP chunk ends and the next begins is not reported: chunk
        borders carry no meaning (RFC 9112 7.1).
        """
        self._reading.head()
        return self._reading.next(self._reading.bytes)

    # -- time ---------------------------------------------------------------------------------------------------

    def sent_meanwhile(self) -> bytes:
        """Everything that has arrived on the connection, as it came: status line, header fields, framing, body.

        The app's event loop has iterated 40 times before, so an app that meant to send something has sent it. Empty
        when nothing has come; at most the first 64 KiB.
        """
        self._session.waiter.stays_quiet(self._exchange.ready(lambda: bool(self._exchange.raw)))
        return bytes(self._exchange.raw)

    def disconnect(self, how: Disconnect = Disconnect.CLOSE) -> None:
        """Close or abort the connection, as a client. A second call does nothing."""
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
