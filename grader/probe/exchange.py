"""One request and its response at the client end: bytes, head, body, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from grader.errors import Violation
from grader.model import Spot
from grader.probe.connection import Connection, Disconnect, NoData
from grader.probe.session import Session
from grader.probe.watch import Ready
from grader.protocol import http1
from grader.protocol.coding import GzipDecoder, NotGzip, decoder_for
from grader.protocol.transcript import Act, Lane

#: A longer body is a Violation. The katas' largest response has 1.6 MiB; the limit is for bodies without end.
MAX_BODY = 8 << 20
#: Bytes for which a piece of a body counts at least: each costs the grader some ten microseconds, however small it is.
#: The katas' longest response may come byte by byte: it has some 300,000.
PIECE = 16
#: How many bytes of the response are kept as they arrived, with their framing: for what came too early, of which a
#: report shows the first line or two.
MAX_RAW = 1 << 16
#: Reads after a timeout. What had arrived in time counts, though it was not read yet; but an app that sends without
#: end would be read for ever. Two reads are 128 KiB, the default size of a receive buffer on Linux.
_LATE_READS = 2


class _Body:
    """The body so far, without transfer coding, and without gzip where the request accepts it."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.decoder: GzipDecoder | None = None
        self._counted = 0  # bytes as they came, a piece as PIECE of them at least

    def add(self, data: bytes) -> bytes:
        """Take in what has arrived, and return what it means. Raises Violation for too much, and for no gzip."""
        text = data if self.decoder is None else self._decoded(data)
        self.bytes += text
        self._counted += max(PIECE, len(data))
        if self._counted > MAX_BODY or len(self.bytes) > MAX_BODY:
            by = "" if len(self.bytes) > MAX_BODY else f", each chunk counted as {PIECE} bytes at least"
            seen = f"a longer one{by and ', counted so'}, which has not ended"
            raise Violation(expected=f"a body of at most {MAX_BODY >> 20} MiB{by}", seen=seen)
        return text

    def _decoded(self, data: bytes) -> bytes:
        assert self.decoder is not None
        with _as_violation():
            return self.decoder.decode(data, most=MAX_BODY + 1 - len(self.bytes))

    def close(self) -> None:
        """The response has ended. Raises Violation where its gzip has not."""
        if self.decoder is not None:
            with _as_violation():
                self.decoder.close()


@contextmanager
def _as_violation() -> Iterator[None]:
    try:
        yield
    except NotGzip as error:
        raise Violation(expected="a body in gzip, as its Content-Encoding says", seen=str(error)) from None


class Exchange:
    """One request and what has arrived of its response. It waits no longer than its caller says, and judges nothing."""

    def __init__(self, session: Session, *, connection: Connection, method: str, number: int, began: float) -> None:
        self._session = session
        self._connection = connection
        self.number = number  # of the request, in its check
        self._http = http1.ResponseReader(method)
        self._body = _Body()
        self.raw = bytearray()
        self.head: http1.Head | None = None
        self.ended = False
        self.fault: http1.HttpFault | None = None
        self.began = began  # like ``ended_at`` seconds since 1970: for times that an app sends
        self.ended_at: float | None = None  # of the response, or of the client that has left before
        session.pacing.requests.append(self)

    @property
    def body(self) -> bytes:
        """The body so far, without transfer coding, and without gzip where the request accepts it."""
        return bytes(self._body.bytes)

    def since(self, offset: int) -> bytes:
        """The body from byte ``offset`` on, as far as it has arrived."""
        return bytes(self._body.bytes[offset:])

    @property
    def size(self) -> int:
        """Bytes of body so far."""
        return len(self._body.bytes)

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come: the response is complete, or has failed."""
        return self.ended or self.fault is not None

    @property
    def surplus(self) -> http1.HttpFault | None:
        """The fault of bytes that have come after the end of the response, until now. Nothing is waited for."""
        if self.ended and self.fault is None:
            self._look_for_surplus()
        return self.fault if self.ended else None

    @property
    def is_open(self) -> bool:
        """Whether the client has not disconnected yet."""
        return self._connection.is_open

    @property
    def unread(self) -> int:
        """Bytes that have arrived and that the client has not read."""
        return self._connection.unread

    def ready(self, condition: Callable[[], bool]) -> Ready:
        """For a Waiter: reads for so many seconds, or until ``condition`` holds or the exchange is over."""

        def look(timeout: float) -> bool:
            deadline, late = time.monotonic() + timeout, 0
            while not (condition() or self.is_over):
                left = deadline - time.monotonic()
                late += left <= 0
                if late > _LATE_READS or not self._take_in(max(0.0, left)):
                    return False
            return True

        return look

    def send(self, data: bytes, *, detail: str) -> None:
        """Send a further part of the request."""
        self._record(Act.SENT, detail=detail)
        self._connection.send(data)

    def release(self) -> Connection | None:
        """The connection, for another request; None where it can carry none (RFC 9112 9.3)."""
        if self.head is None or self.head.is_last or self.surplus or not self.ended:
            return None
        return self._connection.hand_over()

    def disconnect(self, how: Disconnect) -> None:
        """Disconnect the client, before the end of the response or after it. A second call does nothing."""
        if not self.is_open:
            return
        _ = self.surplus  # it cannot be seen later
        self._record(Act.DISCONNECTED, detail=how.value)
        self._connection.disconnect(how)
        self.ended_at = self.ended_at or time.time()

    def close(self) -> None:
        """Abort the connection: the check is over. What had arrived is read, or laws would cover it by chance."""
        if self.is_open:
            with suppress(Violation):  # too much, or no gzip: the check did not wait for it
                self.ready(lambda: False)(0.0)
        self._connection.disconnect(Disconnect.ABORT)
        self.ended_at = self.ended_at or time.time()

    def spot(self, offset: int) -> Spot:
        """The bytes of the body around ``offset``."""
        return Spot.around(self._body.bytes, offset, request=self.number)

    def _take_in(self, timeout: float) -> bool:
        """Read what has arrived, waiting at most ``timeout`` seconds. False when nothing has."""
        received = self._connection.receive(timeout)
        events: list[http1.HttpEvent] = []
        match received:
            case NoData.NOTHING:
                return False
            case NoData.EOF:
                events = self._http.close()
            case NoData.RESET:
                self._http.reset()
            case bytes() as data:
                events = self._feed(data)
        for event in events:
            self._take(event)
        self._note_fault()
        if self.ended and self.fault is None and received is not NoData.EOF:
            self._look_for_surplus()  # what follows the end of a response has usually left the server with it
        return True

    def _look_for_surplus(self) -> None:
        if isinstance(data := self._connection.receive(0.0), bytes):
            self._feed(data)
            self._note_fault()

    def _note_fault(self) -> None:
        self.fault = self._http.fault
        if self.fault is not None:
            self._record(Act.BROKEN, detail=self.fault.message)

    def _feed(self, data: bytes) -> list[http1.HttpEvent]:
        """Read ``data``, and keep the first bytes of all as they came."""
        self.raw += data[: max(0, MAX_RAW - len(self.raw))]
        return self._http.feed(data)

    def _take(self, event: http1.HttpEvent) -> None:
        match event:
            case http1.Head():
                self.head = event
                accepted = self._session.asked[self.number - 1].headers.get("accept-encoding", "")
                self._body.decoder = decoder_for(event, accepted)
                self._record(Act.HEAD, detail=f"{event.status} {event.media_type}".strip())
            case http1.Chunk():
                self._record(Act.CHUNK, self._body.add(event.data))
            case http1.End():
                self.ended, self.ended_at = True, time.time()
                self._record(Act.ENDED)
                self._body.close()

    def _record(self, act: Act, data: bytes = b"", *, detail: str = "") -> None:
        self._session.record(Lane.CLIENT, act, self.number, data, detail)
