"""What the client end receives for one request, as a specification sees it: read as it arrives, strictly."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import unquote_plus

import httpx

from grader.errors import Violation
from grader.probe import content
from grader.probe.connection import Connection, Disconnect
from grader.probe.exchange import Exchange
from grader.probe.feeds import EventFeed, ServerSentEvent, StreamFault
from grader.probe.session import Session
from grader.probe.waiting import UNBLOCK, Awaited, Waited
from grader.protocol import http1
from grader.text import plural, visible, visible_bytes

#: More events than this in one response are taken for an endless stream.
MAX_EVENTS = 2000

_SSE = "text/event-stream"
_COMMENT = "a comment line, such as “: ping”"
_STANDARD = "WHATWG HTML 9.2.3"


class Response:
    """The response to one request. The request has been sent; nothing has been waited for yet.

    Use it in a ``with`` block: leaving the block is the client's leaving (with a FIN, unless :meth:`leave` came first).
    Every method that waits raises Violation when what it waits for does not come.
    """

    def __init__(self, session: Session, *, connection: Connection, request: httpx.Request, number: int) -> None:
        self._session = session
        self._request = request
        self._exchange = Exchange(session, connection=connection, method=request.method, number=number)
        self._feed = EventFeed(self._exchange, session)
        session.hold(self._exchange)
        session.when_failed(self._feed.first_fault)

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
        """The header fields; names are matched whatever their case."""
        return httpx.Headers(list(self._head().headers), encoding="latin-1")

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters (RFC 9110 8.3.1); empty when there is none."""
        self._head()
        return self._exchange.media_type

    # -- a whole body -------------------------------------------------------------------------------------------

    def body(self) -> bytes:
        """The whole body, once it has ended properly."""
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

    # -- a stream of events -------------------------------------------------------------------------------------

    def next_event(self) -> ServerSentEvent:
        """The next event; comments are passed over."""
        self._must_be_a_stream()
        self._until(self._feed.has_event, awaited="another event")
        event = self._feed.take_event()
        if event is None:
            raise self._nothing("another event", Waited.CAME)
        return event

    def next_comment(self) -> str:
        """The text of the next comment (WHATWG HTML 9.2.5), which must come before any further event."""
        self._must_be_a_stream()
        self._until(self._feed.has_item, awaited=_COMMENT)
        comment = self._feed.take_comment()
        if comment is None:
            event = self._feed.take_event()
            seen = f"an event first: {visible(event.data, 80)}" if event else "the response ends"
            raise Violation(expected=_COMMENT, seen=seen, rule="WHATWG HTML 9.2.7")
        return comment

    def events(self) -> list[ServerSentEvent]:
        """All events from here to the end of the stream, which must be a clean one."""
        found: list[ServerSentEvent] = []
        self._must_be_a_stream()
        while len(found) <= MAX_EVENTS:
            self._until(self._feed.has_event, awaited="another event, or the end of the stream")
            if event := self._feed.take_event():
                found.append(event)
            elif self._exchange.is_over:
                self._must_have_ended_well()
                return found
        raise Violation(expected="a stream that ends", seen=f"more than {MAX_EVENTS} events, and no end of them")

    def faults(self) -> list[StreamFault]:
        """What breaks the grammar of an event stream (WHATWG HTML 9.2.5), up to the end of the stream."""
        self._must_be_a_stream()
        self.wait_for_end()
        return self._feed.faults()

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds that the stream has set so far (WHATWG HTML 9.2.6)."""
        return self._feed.retry

    # -- time ---------------------------------------------------------------------------------------------------

    def sent_meanwhile(self) -> bytes:
        """The response's bytes so far, after the app's loop has turned often enough to send some."""
        self._session.waiter.stays_quiet(self._exchange.ready(lambda: bool(self._exchange.raw)))
        return bytes(self._exchange.raw)

    def disconnect(self, how: Disconnect = Disconnect.CLOSE) -> None:
        """The client goes away. A second leaving does nothing."""
        self._exchange.disconnect(how)

    # -- for whoever looks on ---------------------------------------------------------------------------------------

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

    # -- what must hold -----------------------------------------------------------------------------------------

    def _until(self, condition: Callable[[], bool], *, awaited: str) -> None:
        """Wait for ``condition`` or the end of the exchange. Raises Violation when neither comes."""
        waited = self._session.waiter.until(Awaited(self._exchange.ready(condition), self._progress))
        if waited is not Waited.CAME:
            raise self._nothing(awaited, waited)

    def _progress(self) -> int:
        """Events, and KiB of body that are not comments: a heartbeat alone is no progress."""
        if self._exchange.media_type == _SSE:
            self._feed.read()
        return self._feed.events + ((self._exchange.size - self._feed.comment_bytes) >> 10)

    def _head(self) -> http1.Head:
        self._until(lambda: self._exchange.head is not None, awaited="a response")
        if self._exchange.head is None:
            raise self._nothing("a response", Waited.CAME)
        return self._exchange.head

    def _must_be_a_stream(self) -> None:
        head = self._head()
        if head.status != 200 or self._exchange.media_type != _SSE:
            self._exchange.ready(lambda: False)(self._session.waiter.limits.hurry)  # its words are on their way
            body = f": {visible_bytes(self._exchange.body, 120)}" if self._exchange.size else ""
            seen = f"{head.status} {visible(self._exchange.media_type) or '(no Content-Type)'}{body}"
            raise Violation(expected=f"200 {_SSE}", seen=seen, rule=_STANDARD)

    def _must_have_ended_well(self) -> None:
        if self._exchange.fault is not None:
            raise self._broken("a response that ends as HTTP says", self._exchange.fault)

    # -- what there is instead ----------------------------------------------------------------------------------

    def _nothing(self, awaited: str, waited: Waited) -> Violation:
        """Why what was awaited has not come."""
        if self._exchange.fault is not None:
            return self._broken(awaited, self._exchange.fault)
        app = self._session.app
        spot = self._exchange.spot(self._exchange.size) if self._exchange.size else None
        if self._exchange.ended:
            faults = self._feed.faults()
            seen = "the response ends" + (f"; {faults[-1].message}" if faults else "")
            return Violation(expected=awaited, seen=seen, spot=faults[-1].spot if faults else spot)
        match waited:
            case Waited.BLOCKED:
                seen = "the event loop is blocked: the server answers no request at all"
                return Violation(expected=awaited, seen=seen, hint=UNBLOCK, place=app.blocked_at(), spot=spot)
            case Waited.GONE:
                return Violation(expected=awaited, seen=app.exit_reason(), spot=spot)
            case _:
                came, situation = self._silence(awaited), self._situation()
                meanwhile = situation or "while its server answers other requests"
                says = f"{came}, {meanwhile}; expected: {awaited}"
                return Violation(expected=awaited, seen=f"{came}, {meanwhile}", headline=says, spot=spot)

    def _broken(self, awaited: str, fault: http1.HttpFault) -> Violation:
        exit_reason = self._session.app.exit_reason()
        seen = fault.message + (f"; {exit_reason}" if exit_reason else "")
        return Violation(expected=awaited, seen=seen, headline=seen, rule=fault.rule)

    def _silence(self, awaited: str) -> str:
        if self._exchange.head is None:
            return "nothing, not even a status line"
        if self._feed.comment_bytes and not self._feed.has_event() and awaited != _COMMENT:
            return "only comments"
        if self._feed.pending:
            return f"{self._feed.pending}; then nothing more"
        return f"nothing more after {plural(self._exchange.size, 'byte')} of body"

    def _situation(self) -> str:
        """What the app is about at the upstream end, which tells why it does not answer."""
        asked = unquote_plus(str(self._request.url)) + self._request.read().decode("utf-8", "replace")
        return next((situation for situation in self._session.situations(asked) if situation), "")
