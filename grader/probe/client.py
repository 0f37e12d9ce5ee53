"""The client end: sends a request and returns its Response at once, without waiting for anything."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import httpx

from grader.errors import Violation
from grader.probe.asked import Asked
from grader.probe.connection import Connection
from grader.probe.curl import curl
from grader.probe.exchange import Exchange
from grader.probe.reading import Reading
from grader.probe.record import Record
from grader.probe.request import Field, Params, Request
from grader.probe.response import Response, exchange_of
from grader.probe.session import Session
from grader.protocol.transcript import Act, Lane
from grader.serving.connections import NoPort
from grader.text import visible

#: The fields of curl, in its order: so the curl line in a report repeats the request exactly.
_HEADERS = {"User-Agent": "curl/8.5.0", "Accept": "*/*"}
#: The receive buffer of a slow client, in bytes. With it, and the small send buffer of the server, a stalled connection
#: takes 57 to 87 KB; with the system's own buffers it takes 2.7 to 4.4 MB (both measured on Linux).
SLOW = 4096

#: A field's value as text, which goes as UTF-8 without white space around it, or as the very bytes.
Value: TypeAlias = str | bytes
#: Values of fields; a list is sent as several fields of one name.
Fields: TypeAlias = Mapping[str, Value | Sequence[Value]]


class CannotSend(Violation):
    """A request cannot be made of these values.

    A sound specification sends such values only when the app gave them: an id with control characters, for example,
    that goes back as a header field. So this is the app's failure; it would be its clients' failure as well.
    """

    def __init__(self, error: str) -> None:
        seen = visible(error)
        super().__init__(
            expected="values that a request can carry",
            seen=seen,
            sentence=f"a client cannot send back what the app gave it: {seen}",
        )


class Client:
    """Sends requests, each on a connection of its own, or on that of a response which has ended."""

    def __init__(self, session: Session, record: Record | None = None) -> None:
        self._session = session
        self._record = record or Record()

    def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        headers: Fields | None = None,
        http10: bool = False,
        reuse: Response | None = None,
    ) -> Response:
        """Send a GET request; see :meth:`request`."""
        return self.request("GET", path, params=params, headers=headers, http10=http10, reuse=reuse)

    def post(
        self,
        path: str,
        *,
        params: Params | None = None,
        headers: Fields | None = None,
        json: object = None,
        content: bytes | None = None,
        slow: bool = False,
        hold_back: int = 0,
        http10: bool = False,
        reuse: Response | None = None,
    ) -> Response:
        """Send a POST request, with ``json`` or raw ``content``; see :meth:`request`."""
        return self.request(
            "POST",
            path,
            params=params,
            headers=headers,
            json=json,
            content=content,
            slow=slow,
            hold_back=hold_back,
            http10=http10,
            reuse=reuse,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Fields | None = None,
        json: object = None,
        content: bytes | None = None,
        slow: bool = False,
        hold_back: int = 0,
        http10: bool = False,
        reuse: Response | None = None,
    ) -> Response:
        """Send a request and return at once. A ``slow`` client has a small receive buffer, until it is first read from.

        The last ``hold_back`` bytes of the body are not sent before :meth:`Response.send_rest`. With a field
        Transfer-Encoding of ``chunked`` the body goes in chunks (RFC 9112 7.1). ``http10`` sends it as a client of
        HTTP/1.0, which many proxies are by default. With ``reuse`` the request goes on the connection of that response,
        once it has ended, as browsers and HTTP libraries do (RFC 9112 9.3); on a new one where the app has closed it,
        and for a ``slow`` client. Raises Violation when the app does not accept a connection, and when no request can
        be made of these values.
        """
        try:
            raw = as_fields({**_HEADERS, **(headers or {})})
            request = Request.of(method, path, params=params, fields=raw, json=json, content=content, http10=http10)
        except (TypeError, ValueError, AttributeError, httpx.InvalidURL) as error:
            raise CannotSend(str(error)) from None
        return self._send(request, slow=slow, hold_back=hold_back, reuse=reuse)

    def restart_app(self) -> None:
        """End the app cleanly, and start it again: all that it held in memory is gone.

        Raises Violation when it does not start.
        """
        self._session.restart()

    def _again(self, request: Request, last_event_id: str) -> Response:
        """Send ``request`` once more, as an EventSource that has seen the event of this id."""
        try:
            own = [(b"Last-Event-ID", as_sent(last_event_id))] if last_event_id else []
            again = request.with_fields(b"last-event-id", own)
        except ValueError as error:
            raise CannotSend(str(error)) from None
        return self._send(again)

    def _send(
        self, request: Request, *, slow: bool = False, hold_back: int = 0, reuse: Response | None = None
    ) -> Response:
        session, earlier = self._session, reuse and exchange_of(reuse)
        kept = earlier.release() if earlier and not slow else None
        session.numbers += 1
        session.touched = session.numbers
        session.requests.append(curl(request, after=session.requests[earlier.number - 1] if earlier and kept else ""))
        session.asked.append(Asked.of(request))
        connection = kept or self._connect(slow=slow)
        words = f"{request.method} {request.target}"
        if earlier and kept:
            words += f", on the connection of request {earlier.number}"
        session.record(Lane.CLIENT, Act.SENT, session.numbers, request.body, words)
        began = time.time()  # before the app can have seen anything: an app may send the time of its response
        data, rest = request.parts(hold_back)
        connection.send(data)
        session.pacing.is_slow |= slow or bool(rest)
        if slow:
            session.record(Lane.CLIENT, Act.STALLED, session.numbers, detail=f"its buffer holds {SLOW >> 10} KiB")
        number, method = session.numbers, request.method
        exchange = Exchange(session, connection=connection, method=method, number=number, began=began)
        reading = Reading(session, exchange)
        self._record.add(session, request, reading)
        return Response(
            session,
            reading,
            rest=rest,
            send_again=lambda last_event_id: self._again(request, last_event_id),
        )

    def _connect(self, *, slow: bool) -> Connection:
        app = self._session.app
        try:
            return Connection(app.connect(receive_buffer=SLOW if slow else None), slow=slow)
        except OSError as error:
            taken = "the app has taken all ports of its network" if isinstance(error, NoPort) else ""
            seen = taken or app.exit_reason(refuses=True) or "the app does not accept connections"
            raise Violation(expected="a connection to the app", seen=seen) from error


def as_fields(headers: Fields) -> list[Field]:
    """The fields, one for each value. Raises AttributeError, TypeError or ValueError where there can be no such one."""
    values = {name: [value] if isinstance(value, str | bytes) else value for name, value in headers.items()}
    return [(name.encode("ascii"), as_sent(one)) for name, several in values.items() for one in several]


def as_sent(value: Value) -> bytes:
    """A field's value as a browser sends it: in UTF-8, without white space around it (RFC 9110 5.5)."""
    return value if isinstance(value, bytes) else value.strip(" \t\r\n").encode("utf-8")
