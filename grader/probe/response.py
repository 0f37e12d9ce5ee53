"""The response to one request, as a specification sees it: read as it arrives, strictly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from grader.errors import Violation
from grader.probe import content
from grader.probe.exchange import Exchange
from grader.probe.feeds.events import EventFeed, ServerSentEvent
from grader.probe.feeds.feed import StreamFault
from grader.probe.feeds.records import JsonLine, LineFeed
from grader.probe.kept import kept
from grader.probe.reading import Reading
from grader.probe.sent import SentRequest
from grader.probe.session import Session
from grader.probe.values import Json
from grader.requirement import cited
from grader.text import visible

_COMMENT = "a comment, such as “: ping”"

#: Sends a request again, with this id as its Last-Event-ID.
SendAgain = Callable[[str], "Response"]


class Fields(httpx.Headers):
    """Header fields. A missing one is the app's failure, not an error of the specification."""

    def __getitem__(self, name: str) -> str:
        if name not in self:
            raise Violation(expected=f"a header field {name}", seen="none of that name")
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> Any:
        return super().__getitem__(name) if name in self else default


class Response(SentRequest):
    """The response to one request. The request has been sent; nothing has been waited for yet.

    Use it in a ``with`` block: at its end the client disconnects (by a FIN, unless :meth:`disconnect` was called
    before). Every method that waits raises Violation when the awaited thing does not come.
    """

    def __init__(
        self,
        session: Session,
        reading: Reading,
        *,
        rest: bytes = b"",
        send_again: SendAgain,
    ) -> None:
        super().__init__(session, reading, rest=rest)
        self._send_again = send_again

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
        return self._reading.head().media_type

    def kept(self) -> dict[str, bytes]:
        """What a browser keeps of the response and sends with its next request: Cookie, If-None-Match and the like."""
        return kept(self.headers)

    # -- a whole body -------------------------------------------------------------------------------------------

    def body(self) -> bytes:
        """The whole body, without transfer coding, once it has ended properly."""
        self.wait_for_end()
        return self._exchange.body

    def json(self, schema: str = "") -> Json:
        """The whole body, parsed as JSON and checked against the kata's ``schemas/<schema>.json``."""
        text = content.decode(self.body(), what="the body")
        spot = partial(self._exchange.spot, 0)
        return content.parse(text, what="the body", schema=schema, session=self._session, spot=spot)

    def wait_for_end(self) -> None:
        """Return when the response has ended, cleanly: its last chunk, or all of Content-Length, has arrived."""
        self._reading.end()

    # -- a body item by item ------------------------------------------------------------------------------------

    def next_event(self) -> ServerSentEvent:
        """The next event of a 200 response of type text/event-stream; comments are passed over."""
        return self._reading.next(self._reading.as_feed(EventFeed))

    def next_comment(self, *, due: float = 0.0) -> str:
        """The text of the next comment (WHATWG HTML 9.2.5), which must come before any further event.

        ``due``: in how many seconds the app has to send it.
        """
        feed = self._reading.as_feed(EventFeed)
        self._reading.until(feed.has_event_or_comment, awaited=_COMMENT, feed=feed, due=due)
        comment = feed.take_comment()
        if comment is None:
            event = feed.take()
            if event is None:
                raise self._reading.nothing(_COMMENT, feed)
            seen = f"an event first: {visible(event.data, 80)}"
            raise Violation(expected=_COMMENT, seen=seen, requirement=cited("WHATWG HTML 9.2.7"))
        return comment

    def has_comment(self) -> bool:
        """Whether a comment has arrived that :meth:`next_comment` would return; does not wait."""
        feed = self._reading.as_feed(EventFeed)
        self._exchange.ready(feed.has_event_or_comment)(0)
        return feed.has_comment()

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

    # -- again --------------------------------------------------------------------------------------------------

    @property
    def last_event_id(self) -> str:
        """What an EventSource has that has seen the events which were taken so far (WHATWG HTML 9.2.6); "" for none."""
        feed = self._reading.feed
        found = feed.last_event_id if isinstance(feed, EventFeed) else None
        return self._reading.asked.headers.get("last-event-id", "") if found is None else found

    def reconnect(self) -> Response:
        """Lose this connection, and send the same request again as an EventSource does (WHATWG HTML 9.2.3).

        ``Last-Event-ID`` has the id of the last event that was taken from this response, or from the ones before it
        when this one gave none; without an id there is no such field. The reconnection time, which is :attr:`retry`,
        is not waited for. Raises Violation for another media type, or another status than 200: there an EventSource
        gives up.
        """
        self._reading.as_feed(EventFeed)
        self.disconnect()
        return self._send_again(self.last_event_id)


def exchange_of(response: Response) -> Exchange:
    """What has arrived of ``response``, for `grade trace`, which does not know what will come."""
    return response._exchange


def faults_of(response: Response) -> tuple[str, ...]:
    """The first fault of a body that has ended, if there is one, for `grade trace`."""
    try:
        response._reading.feed.read()
    except Violation as error:
        return (error.finding.seen,)
    return tuple(filter(None, [response._reading.first_fault()]))
