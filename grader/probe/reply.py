"""The client end of one request: what the app answers, read as it arrives, strictly."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from grader.errors import Violation
from grader.model import Spot
from grader.probe import payload
from grader.probe.patience import Awaited, Waited
from grader.probe.session import Session
from grader.probe.wire import Farewell, Silence, Wire
from grader.protocol import http1, sse
from grader.protocol.transcript import Act, Lane
from grader.text import plural, visible, visible_bytes

#: A body longer than this is cut off: no kata asks for as much.
MAX_BODY = 8 << 20
#: More events than this in one reply are taken for an endless stream.
MAX_EVENTS = 2000

_SSE = "text/event-stream"
_STANDARD = "WHATWG HTML 9.2.3"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event as a browser would dispatch it, with the byte range that it came from."""

    type: str
    data: str
    id: str
    retry: int | None
    fields: tuple[str, ...]
    start: int
    _session: Session
    _spot: Spot

    def json(self, schema: str = "") -> payload.Json:
        """The event's data, parsed as JSON and checked against the kata's ``schemas/<schema>.json``.

        Raises Violation: not JSON (RFC 8259), or not of that shape.
        """
        return payload.parse(
            self.data, what=f"the data of the {self.type} event", schema=schema, session=self._session, spot=self._spot
        )


@dataclass(frozen=True, slots=True)
class StreamFault:
    """Something in a stream that loses data or breaks the grammar: what, by which rule, and where."""

    message: str
    rule: str
    spot: Spot


class Reply:
    """What the client end receives for one request. The request has been sent; nothing has been waited for yet.

    Use it in a ``with`` block: leaving the block is the client's leaving (with a FIN, unless :meth:`leave` came first).
    Every method that waits raises Violation when what it waits for does not come.
    """

    def __init__(self, session: Session, *, wire: Wire, request: httpx.Request, number: int) -> None:
        self._session = session
        self._wire = wire
        self._request = request
        self._number = number
        self._http = http1.ResponseReader(request.method)
        self._sse = sse.Reader()
        self._head: http1.Head | None = None
        self._raw = bytearray()  # the response's bytes as they came, the first of them
        self._body = bytearray()
        self._unread: deque[http1.Chunk] = deque()  # chunks that the event stream's reader has not seen yet
        self._comment_bytes = 0
        self._items: deque[sse.Event | sse.Comment] = deque()
        self._ended = False
        self._fault: http1.HttpFault | None = None
        session.hold(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    # -- the head ---------------------------------------------------------------------------------------------------

    @property
    def status(self) -> int:
        """The status code."""
        return self._wait_for_head().status

    @property
    def headers(self) -> httpx.Headers:
        """The header fields; names are matched whatever their case."""
        return httpx.Headers(list(self._wait_for_head().headers))

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters (RFC 9110 8.3.1); empty when there is none."""
        return _media_type(self._wait_for_head())

    # -- a whole body -----------------------------------------------------------------------------------------------

    def body(self) -> bytes:
        """The whole body, once it has ended properly."""
        self._finish()
        return bytes(self._body)

    def json(self, schema: str = "") -> payload.Json:
        """The whole body, parsed as JSON and checked against the kata's ``schemas/<schema>.json``."""
        body = self.body()
        text = payload.decode(body, what="the body")
        return payload.parse(text, what="the body", schema=schema, session=self._session, spot=_spot(body, 0))

    # -- a stream of events -----------------------------------------------------------------------------------------

    def next_event(self) -> ServerSentEvent:
        """The next event; comments are passed over."""
        self._must_be_a_stream()
        self._until(self._has_event, awaited="another event")
        while self._items:
            item = self._items.popleft()
            if isinstance(item, sse.Event):
                return self._seen(item)
        raise self._nothing("another event", Waited.CAME)

    def next_comment(self) -> str:
        """The text of the next comment (WHATWG HTML 9.2.5), which must come before any further event."""
        self._must_be_a_stream()
        self._until(lambda: bool(self._interpret()), awaited="a comment line, such as “: ping”")
        if not self._items or isinstance(self._items[0], sse.Event):
            raise self._nothing("a comment line, such as “: ping”", Waited.CAME)
        item = self._items.popleft()
        assert isinstance(item, sse.Comment)
        return item.text

    def events(self) -> list[ServerSentEvent]:
        """All events from here to the end of the stream, which must be a clean one."""
        found: list[ServerSentEvent] = []
        self._must_be_a_stream()
        while True:
            self._until(self._has_event, awaited="another event, or the end of the stream")
            found += [self._seen(item) for item in self._items if isinstance(item, sse.Event)]
            self._items.clear()
            if self._over:
                self._must_have_ended_well()
                return found
            if len(found) > MAX_EVENTS:
                raise Violation(
                    expected="a stream that ends", seen=f"more than {MAX_EVENTS} events, and no end of them"
                )

    def faults(self) -> list[StreamFault]:
        """What breaks the grammar of an event stream (WHATWG HTML 9.2.5), up to the end of the stream."""
        self._must_be_a_stream()
        self._finish()
        self._interpret()
        harmful = [fault for fault in self._sse.faults if not fault.harmless]
        return [StreamFault(fault.message, fault.rule, self.spot(fault.start)) for fault in harmful]

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds that the stream has set so far (WHATWG HTML 9.2.6)."""
        self._interpret()
        return self._sse.retry

    def spot(self, offset: int) -> Spot:
        """The bytes of the body around ``offset``."""
        return _spot(bytes(self._body), offset)

    def wait_for_end(self) -> None:
        """Return when the reply has ended, cleanly: the last chunk, or all of Content-Length, has arrived."""
        self._finish()

    # -- time ---------------------------------------------------------------------------------------------------------

    def sent_meanwhile(self) -> bytes:
        """The response's bytes so far, after the app's loop has turned often enough to send some."""
        self._session.patience.stays_quiet(self._ready(lambda: bool(self._raw)))
        return bytes(self._raw)

    def leave(self, how: Farewell = Farewell.FIN) -> None:
        """The client goes away. A second leaving does nothing."""
        if self._wire.is_open:
            if not self._over:
                self._session.leaving()
            self._record(Act.LEFT, detail=how.value)
            self._wire.leave(how)

    def close(self) -> None:
        """Hang up when the check is over."""
        self._wire.leave(Farewell.RST)

    # -- inside: taking in bytes --------------------------------------------------------------------------------------

    @property
    def _over(self) -> bool:
        return self._ended or self._fault is not None

    def _ready(self, condition: Callable[[], bool]) -> Callable[[float], bool]:
        def ready(timeout: float) -> bool:
            deadline = time.monotonic() + timeout
            while not (condition() or self._over):
                if not self._take_in(max(0.0, deadline - time.monotonic())):
                    return False
            return True

        return ready

    def _progress(self) -> int:
        """KiB of body that are not comments: a heartbeat alone is no progress."""
        return (len(self._body) - self._comment_bytes) >> 10

    def _until(self, condition: Callable[[], bool], *, awaited: str) -> None:
        """Wait for ``condition`` or the end of the reply. Raises Violation when neither comes."""
        waited = self._session.patience.until(Awaited(self._ready(condition), self._progress))
        if waited is not Waited.CAME:
            raise self._nothing(awaited, waited)

    def _take_in(self, timeout: float) -> bool:
        """Take in what has arrived, waiting at most ``timeout`` seconds; False when nothing has."""
        received = self._wire.receive(timeout)
        at = self._wire.now()
        match received:
            case Silence.NOTHING:
                return False
            case Silence.EOF:
                events = list(self._http.close(at))
                self._fault = self._http.fault
            case Silence.RESET:
                events, self._fault = [], self._http.reset()
            case bytes() as data:
                self._raw += data[: max(0, 65536 - len(self._raw))]
                events = self._http.feed(data, at)
                self._fault = self._http.fault
        for event in events:
            self._take(event)
        if self._fault is not None and not self._ended:
            self._record(Act.BROKEN, detail=self._fault.message)
        return True

    def _take(self, event: http1.Head | http1.Chunk | http1.End) -> None:
        match event:
            case http1.Head():
                self._head = event
                self._record(Act.HEAD, detail=f"{event.status} {_media_type(event)}".strip())
            case http1.Chunk():
                self._body += event.data
                self._unread.append(event)
                self._record(Act.CHUNK, event.data)
                if len(self._body) > MAX_BODY:
                    raise Violation(expected=f"a body of at most {MAX_BODY >> 20} MiB", seen="more than that, unended")
            case http1.End():
                self._ended = True
                self._record(Act.ENDED)

    def _interpret(self) -> deque[sse.Event | sse.Comment]:
        """Show the event stream's reader what has arrived since it last looked."""
        try:
            while self._unread:
                chunk = self._unread.popleft()
                found = self._sse.feed(chunk.data, chunk.at)
                self._comment_bytes += sum(item.end - item.start for item in found if isinstance(item, sse.Comment))
                self._items.extend(found)
            if self._over:
                self._items.extend(self._sse.close())
        except sse.EventTooLarge as error:
            raise Violation(
                expected=f"events of less than {error.limit >> 10} KiB",
                seen=f"one that is longer, begun at byte {error.start} of the body",
            ) from error
        return self._items

    def _has_event(self) -> bool:
        return any(isinstance(item, sse.Event) for item in self._interpret())

    def _seen(self, event: sse.Event) -> ServerSentEvent:
        return ServerSentEvent(
            type=event.type,
            data=event.data,
            id=event.id,
            retry=event.retry,
            fields=event.fields,
            start=event.start,
            _session=self._session,
            _spot=self.spot(event.start),
        )

    # -- inside: what must hold ---------------------------------------------------------------------------------------

    def _wait_for_head(self) -> http1.Head:
        self._until(lambda: self._head is not None, awaited="a response")
        if self._head is None:
            raise self._nothing("a response", Waited.CAME)
        return self._head

    def _finish(self) -> None:
        self._until(lambda: False, awaited="the end of the response")
        self._must_have_ended_well()

    def _must_have_ended_well(self) -> None:
        if self._fault is not None:
            raise Violation(
                expected="a response that ends as HTTP says",
                seen=self._fault.message + self._if_gone(),
                rule=self._fault.rule,
            )

    def _must_be_a_stream(self) -> None:
        head = self._wait_for_head()
        if head.status != 200 or _media_type(head) != _SSE:
            raise Violation(expected=f"200 {_SSE}", seen=self._describe(head), rule=_STANDARD)

    def _describe(self, head: http1.Head) -> str:
        body = f": {visible_bytes(bytes(self._body), 120)}" if self._body else ""
        return f"{head.status} {visible(_media_type(head)) or '(no Content-Type)'}{body}"

    def _nothing(self, awaited: str, waited: Waited) -> Violation:
        """What there is instead of what was awaited."""
        app = self._session.app
        place = app.blocked_at() if waited is Waited.BLOCKED else None
        if self._over and self._fault is None:
            pending = f"; {self._cut_off()}" if self._cut_off() else ""
            return Violation(expected=awaited, seen=f"the response ends{pending}", spot=self._last_spot())
        if self._fault is not None:
            return Violation(expected=awaited, seen=self._fault.message + self._if_gone(), rule=self._fault.rule)
        match waited:
            case Waited.BLOCKED:
                seen = "the event loop is blocked: the app answers no request at all"
            case Waited.GONE:
                seen = self._session.app.obituary()
            case _:
                seen = self._silence()
        return Violation(expected=awaited, seen=seen, place=place, spot=self._last_spot())

    def _silence(self) -> str:
        if self._head is None:
            return "nothing, not even a status line, while the app answers other requests"
        if self._comment_bytes and not self._has_event():
            return "only comments, while the app answers other requests"
        pending = self._sse.pending
        if pending:
            return f"{pending}; then nothing more, while the app answers other requests"
        return f"nothing more after {plural(len(self._body), 'byte')} of body, while the app answers other requests"

    def _cut_off(self) -> str:
        return self._sse.faults[-1].message if self._sse.faults else ""

    def _last_spot(self) -> Spot | None:
        return self.spot(len(self._body)) if self._body else None

    def _if_gone(self) -> str:
        obituary = self._session.app.obituary()
        return f"; {obituary}" if obituary else ""

    def _record(self, act: Act, data: bytes = b"", *, detail: str = "") -> None:
        self._session.record(Lane.CLIENT, act, self._number, data, detail)


def _media_type(head: http1.Head) -> str:
    value = next((value for name, value in head.headers if name == "content-type"), "")
    return value.partition(";")[0].strip().lower()


def _spot(body: bytes, offset: int) -> Spot:
    start = max(0, offset - 60)
    return Spot(excerpt=body[start : offset + 60], caret=offset - start, offset=offset)
