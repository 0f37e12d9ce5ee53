"""The server that the app pulls its items from, with a gate for each key that a check has drawn."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Final

from grader.errors import Inconclusive
from grader.probe.stream_log import StreamLog
from grader.protocol.transcript import Act
from grader.serving.connections import abort_at_close
from grader.wire import LONGEST_LINE, End, Failure, Item, Result, is_pull, read_opening

#: Called with what happens at the upstream end: the act, the number of the stream, an item's bytes, a detail.
Recorder = Callable[[Act, int, bytes, str], None]

#: Seconds without an iteration of the server's thread: so long means that the machine starves, and no verdict counts.
_STARVED: Final = 30.0
#: Connections at once. The katas' contracts name 32 callers, and the grader's process may have no more than 256
#: descriptors (the default on macOS).
MOST_CONNECTIONS: Final = 128
#: Pulls of one connection without a result, or at once: each costs the grader time. The protocol allows one; tasks that
#: share a stream by mistake send some.
MOST_OUTSTANDING: Final = 64


class Gate:
    """The state of the upstream for one key: the items to give, and counts of what the app did.

    Made by :meth:`UpstreamServer.open_gate`. It changes on the server's thread only, which then notifies ``news``.
    """

    def __init__(self, server: UpstreamServer, key: str, record: Recorder) -> None:
        self._server = server
        self._record = record
        self._results: deque[Result] = deque()
        self.flowing: Iterator[str] | None = None  # items that are given as fast as they are pulled
        self._last: Result | None = None
        self.waiting: deque[_UpstreamConnection] = deque()  # whose pulls have no result yet
        self._oldest = 0  # the number of the first connection that is given items
        self.key = key
        self.pulls = 0
        self.given = 0
        self.given_bytes = 0
        self.streams = 0
        self.open_streams = 0
        self.logs: list[StreamLog] = []  # of the streams, in the order in which the app opened them

    @property
    def is_awaited(self) -> bool:
        """Whether the app has pulled an item that the gate holds back."""
        return any(connection.number >= self._oldest for connection in tuple(self.waiting))

    # -- from the specification's thread --------------------------------------------------------------------

    def give(self, items: Iterable[str]) -> None:
        """Give these items, one for each pull."""
        results = [Item(item) for item in items]
        self._server.order(lambda: self._results.extend(results), self._pump)

    def rewind(self, items: Iterable[str]) -> None:
        """Give these items instead of those that were not pulled yet, to connections that are opened from now on.

        Those that are open get nothing more, except a failure.
        """
        results = deque(Item(item) for item in items)

        def change() -> None:
            self._results, self._oldest = deque(results), self.streams + 1

        self._server.order(change)

    def flow(self, items: Iterator[str] | None) -> None:
        """Open the gate: give ``items`` as fast as they are pulled. None shuts it again."""

        def change() -> None:
            self.flowing = items

        self._server.order(change, self._pump)

    def finish(self, error: str | None = None) -> None:
        """After the items that were given, every pull gets the end, or a failure with the message ``error``."""
        last = End.END if error is None else Failure(error)

        def change() -> None:
            self.flowing, self._last = None, last
            self._oldest = self._oldest if error is None else 0

        self._server.order(change, self._pump)

    # -- on the server's thread -----------------------------------------------------------------------------

    def opened(self, connection: _UpstreamConnection) -> None:
        self.streams += 1
        self.open_streams += 1
        connection.number = self.streams
        self.logs.append(StreamLog())
        self._record(Act.OPENED, self.streams, b"", self.key)

    def pulled(self, connection: _UpstreamConnection) -> None:
        self.pulls += 1
        self._record(Act.PULLED, connection.number, b"", f"pull {self.pulls}")
        self.waiting.append(connection)
        self._pump()

    def released(self, connection: _UpstreamConnection) -> None:
        self.open_streams -= 1
        self.waiting = deque(one for one in self.waiting if one is not connection)  # it may be there more than once
        self._record(Act.CLOSED, connection.number, b"", "")

    def _pump(self) -> None:
        while (connection := next((one for one in self.waiting if one.number >= self._oldest), None)) is not None:
            if (result := self._next_result()) is None:
                return
            self.waiting.remove(connection)  # its first pull
            self._note_given(connection, result)
            connection.send(result)

    def _next_result(self) -> Result | None:
        if self._results:
            return self._results.popleft()
        if self.flowing is not None:
            item = next(self.flowing, None)
            if item is not None:
                return Item(item)
            self.flowing = None
        return self._last

    def _note_given(self, connection: _UpstreamConnection, result: Result) -> None:
        match result:
            case Item(text):
                data = text.encode()
                self.given += 1
                self.given_bytes += len(data)
                self._record(Act.GAVE, connection.number, data, "")
            case Failure(message):
                self._record(Act.FAILED, connection.number, b"", message)
            case End.END:
                self._record(Act.FINISHED, connection.number, b"", "")
        self.logs[connection.number - 1].note(result, in_all=self.given_bytes)


class _UpstreamConnection(asyncio.Protocol):
    """One stream that the app has opened."""

    def __init__(self, server: UpstreamServer) -> None:
        self._server = server
        self._buffer = bytearray()
        self._gate: Gate | None = None
        self._refused = False
        self._outstanding = 0  # pulls without a result
        self.number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._server.connections) >= MOST_CONNECTIONS:
            self._server.is_crowded = True
            transport.abort()
            return
        abort_at_close(transport.get_extra_info("socket"))
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        # After a refusal all is one line, and read: with unread bytes the FIN would become a RST, and drop the refusal.
        begun, *others = [data] if self._refused else data.split(b"\n", MOST_OUTSTANDING + 1)
        self._buffer += begun  # a copy of what is there for each byte or line that comes takes minutes for a few MiB
        for rest in others:
            line, self._buffer = bytes(self._buffer), bytearray(rest)
            self._take_line(line)
            if self._refused or self._transport.is_closing():
                return  # a flood of lines would cost the grader its time
        if len(others) > MOST_OUTSTANDING or len(self._buffer) > LONGEST_LINE:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is asyncio's
        self._server.connections.discard(self)
        if self._gate is not None:
            self._gate.released(self)
            self._server.tell()

    def close(self) -> None:
        self._transport.abort()

    def send(self, result: Result) -> None:
        self._outstanding -= 1
        if not self._transport.is_closing():  # else asyncio complains on standard error, each time
            self._transport.write(result.encode())

    def _take_line(self, line: bytes) -> None:
        if self._gate is None:
            self._open(line)
        elif is_pull(line) and self._outstanding < MOST_OUTSTANDING:
            self._outstanding += 1
            self._gate.pulled(self)
            self._server.tell()
        else:
            self._transport.abort()  # a kit sends nothing but pulls, and one at a time

    def _open(self, line: bytes) -> None:
        if (opening := read_opening(line)) is None:
            self._transport.abort()  # this is not a kit, so it gets nothing
            return
        self._gate = self._server.gate(opening.key)
        if self._gate is None:
            self._refused = True
            self._transport.write(Failure("the upstream knows no such request").encode())
            self._transport.write_eof()
            return
        self._gate.opened(self)
        self._server.tell()


class UpstreamServer:
    """Serves all gates of a grade from one thread. ``news`` is notified whenever something has happened."""

    def __init__(self, listener: socket.socket) -> None:
        self.news = threading.Condition()
        self.unknown_keys: list[str] = []  # keys that the app has opened and no check has drawn
        self.connections: set[_UpstreamConnection] = set()
        self.is_crowded = False  # the app has had more connections open at once than are served
        self.on_unknown_key: Callable[[str], Gate] | None = None  # makes a gate for any other key
        self._gates: dict[str, Gate] = {}
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
        self._thread.start()
        self.listen(listener)

    def open_gate(self, key: str, record: Recorder) -> Gate:
        """A gate for ``key``; shut, until items are given."""
        gate = self._gates[key] = Gate(self, key, record)
        return gate

    def gate(self, key: object) -> Gate | None:
        found = self._gates.get(key) if isinstance(key, str) else None
        if found is None and isinstance(key, str) and self.on_unknown_key is not None:
            return self.on_unknown_key(key)
        if found is None and len(self.unknown_keys) < 100:
            self.unknown_keys.append(key[:200] if isinstance(key, str) else type(key).__name__)
        return found

    def forget(self, keys: Iterable[str]) -> None:
        """Drop the gates of these keys: a key of them that is opened from now on gets another gate."""
        for key in keys:
            self._gates.pop(key, None)

    def order(self, *steps: Callable[[], object]) -> None:
        """Run ``steps`` on the server's thread, before all that is ordered or called later. Does not wait."""

        def run() -> None:  # all in one call, as each call wakes the thread
            try:
                for step in steps:
                    step()
            finally:  # an iterator of a specification may raise
                self.tell()

        self._loop.call_soon_threadsafe(run)

    def call(self) -> None:
        """Wait until the server's thread has read all that had arrived before: now it is counted.

        Raises Inconclusive when the machine gives that thread no time.
        """
        done: Future[None] = Future()
        # Two iterations later: the next one finds and reads what had arrived when this call was made.
        self._loop.call_soon_threadsafe(self._loop.call_soon, self._loop.call_soon, done.set_result, None)
        try:
            done.result(timeout=_STARVED)
        except TimeoutError:
            raise Inconclusive("the machine gave the grader's upstream end no time") from None

    def tell(self) -> None:
        with self.news:
            self.news.notify_all()

    def listen(self, listener: socket.socket) -> None:
        """Serve connections to this listener, too: a jailed app connects in a network of its own."""
        serving = self._loop.create_server(lambda: _UpstreamConnection(self), sock=listener)
        self._servers.append(asyncio.run_coroutine_threadsafe(serving, self._loop).result(timeout=_STARVED))

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)  # an iteration takes less than a millisecond; the thread is a daemon

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        ends: list[asyncio.Server | _UpstreamConnection] = [*self._servers, *self.connections]
        for end in ends:
            end.close()
        self._loop.run_until_complete(asyncio.sleep(0))  # an iteration, in which they close
        self._loop.close()
