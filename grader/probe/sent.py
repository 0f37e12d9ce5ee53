"""A request that has been sent, and what its client can do with the connection."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from grader.errors import BadKata
from grader.probe.connection import Disconnect
from grader.probe.leaving import ITERATIONS_TO_SEE_DISCONNECT
from grader.probe.reading import Reading
from grader.probe.session import Session
from grader.probe.waiting import Waited
from grader.text import plural

#: Event-loop iterations in which a server accepts a connection and reads from it, and the task that awaits the body
#: resumes. Twice as many leave room.
_ITERATIONS_TO_READ: Final = 6


class SentRequest:
    """The base of a response: its connection, which nothing has been waited for yet.

    ``rest`` are bytes of the request that have not been sent. Use it in a ``with`` block: at its end the client
    disconnects (by a FIN, unless :meth:`disconnect` was called before).
    """

    def __init__(self, session: Session, reading: Reading, *, rest: bytes = b"") -> None:
        self._session = session
        self._exchange = reading.exchange
        self._rest = rest
        self._reading = reading
        session.hold_sent(self._reading)
        session.hint_by_status(self._reading.routing_hint)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._session.mark_divergence()
        self.disconnect()

    def send_rest(self) -> None:
        """Send the end of the body, which ``hold_back`` has kept until now. A second call does nothing.

        Before and after, the app's event loop has iterated six times, so the app has seen each part (unless its loop is
        blocked).
        """
        if not self._rest:
            return
        self._session.waiter.iterate(_ITERATIONS_TO_READ)
        self._exchange.send(self._rest, detail=f"the last {plural(len(self._rest), 'byte')} of the body")
        self._session.waiter.iterate(_ITERATIONS_TO_READ)
        self._rest = b""

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

    def wait_until_noticed(self) -> None:
        """After a disconnect: return when the app's server has seen it. No item is given meanwhile.

        The event loop has iterated six times since: in one the server reads the end of the connection, in the next
        ones the app's tasks see it. Raises Violation when the loop is blocked, or the app has ended.
        """
        if self._exchange.is_open:
            raise BadKata("wait_until_noticed() comes after disconnect(), or after the `with` block of the response.")
        waited = self._session.waiter.iterate(ITERATIONS_TO_SEE_DISCONNECT)
        if waited is not Waited.SILENT:
            raise self._reading.unnoticed(waited)
