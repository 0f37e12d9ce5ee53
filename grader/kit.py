"""The only module that a learner's app imports: a way to the upstream, item by item.

``upstream(key)`` is asynchronous, ``blocking_upstream(key)`` is not, as real libraries come in both kinds. Each pass of
the loop asks the upstream for exactly one item; nothing is read ahead. One pull at a time: a second one that begins
while the first still waits for its item raises RuntimeError::

    async with upstream(prompt) as chunks:
        async for chunk in chunks:
            ...

While an app is graded, the upstream is the grader's. Run by hand (``uvicorn app:app --reload``) a local stand-in
responds with a few words, one every 150 ms. Key words in the key select its failure modes: ``fail`` fails at once,
``fail-after-2`` after two items, ``empty`` has no items, and ``slow`` takes 2 seconds an item. Where the app's folder
has a file `stand-in.txt`, its lines are the items.

`docs/protocol.md` describes what this module sends and receives.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from _thread import allocate_lock
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from grader.standin import standin_here
from grader.wire import PULL, End, Failure, Item, Opening, Result, read_result, upstream_address

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

__all__ = ["BlockingItems", "Items", "UpstreamError", "blocking_upstream", "upstream"]

#: Read once, at import: an app may empty os.environ later. None where there is no grader.
_ADDRESS: Final = upstream_address(os.environ)
#: Errors of connecting that are the machine's: no network, no route, no free port, no memory or files for sockets.
_MACHINES: Final = {
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENFILE)
}
_TWO_AT_ONCE: Final = "one pull at a time: this stream is still waiting for the item of the pull before"
#: Is called with such an error before the app gets it. The grader sets it, so that no app is blamed.
on_unreachable: Callable[[OSError], object] | None = None


class UpstreamError(Exception):
    """The upstream failed. ``str(error)`` says how, in words that a client may read."""


def upstream(key: str) -> Items:
    """Open the upstream's stream for ``key`` (a prompt, the name of a task), asynchronously.

    The first pull opens the stream. It is closed by ``aclose()``, by leaving ``async with``, by the cancellation of a
    pull, or at the latest when the object is collected.

    Raises (while iterating): UpstreamError, when the upstream fails; RuntimeError, for two pulls at once.
    """
    return Items(key)


def blocking_upstream(key: str) -> BlockingItems:
    """Like :func:`upstream`, but each pull blocks the calling thread until the item is there."""
    return BlockingItems(key)


class _Stream:
    """What both flavours share: one connection to the upstream, and one pull at a time.

    While a pull is under way nobody else closes the connection: its number might then be that of another one already.
    It is shut down, which wakes the pull, and the pull closes it.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._socket: socket.socket | None = None
        self._standin = standin_here(key)
        self._buffer = bytearray()
        self._closed = False
        self._pulling = False
        self._lock = allocate_lock()  # any thread may close the stream, at any time

    def __del__(self) -> None:
        self._close()

    def _begins_pull(self) -> bool:
        """Whether there is a stream to pull from. Raises RuntimeError when another pull is under way."""
        with self._lock:
            if self._pulling and not self._closed:
                raise RuntimeError(_TWO_AT_ONCE)
            self._pulling = self._pulling or not self._closed
            return not self._closed

    def _end_pull(self, result: Result | None) -> None:
        """Close the stream as well, unless ``result`` is an item: what a cut pull leaves would be read as the next."""
        with self._lock:
            self._pulling = False
            self._closed = self._closed or not isinstance(result, Item)
            if self._closed:
                self._disconnect()

    def _take(self, connection: socket.socket) -> None:
        """From now on this is the stream's connection, even if the stream was closed while it was made."""
        with self._lock:
            self._socket = connection
            if self._closed:
                _shut_down(connection)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            if not self._pulling:
                self._disconnect()
            elif self._socket is not None:
                _shut_down(self._socket)

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _result(self, received: bytes) -> Result | None:
        """The result of the pull, once it is complete with what was ``received``. Raises UpstreamError at the end."""
        if not received:
            raise UpstreamError("the upstream closed the connection")
        self._buffer += received
        line, newline, rest = bytes(self._buffer).partition(b"\n")
        if not newline:
            return None
        self._buffer[:] = rest
        return read_result(line)


class Items(_Stream):
    """The items of one stream, asynchronously: ``async for item in items``. One pull at a time."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        if not self._begins_pull():
            raise StopAsyncIteration
        result: Result | None = None
        try:
            result = await self._pull()
        finally:
            self._end_pull(result)
        if (text := _text_of(result)) is None:
            raise StopAsyncIteration
        return text

    async def aclose(self) -> None:
        """Close the stream. The upstream notices at once."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    async def _pull(self) -> Result:
        import asyncio  # not at the top: an app that streams synchronously need not pay for it

        if _ADDRESS is None:
            delay, result = next(self._standin)
            await asyncio.sleep(delay)
            return result
        loop = asyncio.get_running_loop()
        request = PULL
        if self._socket is None:
            await self._connect(loop, _ADDRESS)
            request = Opening(self._key).encode() + PULL
        connection = self._socket
        assert connection is not None
        with suppress(ConnectionError):  # closed by a reset, which the next lines find too
            await loop.sock_sendall(connection, request)
        # The item may be there by now, and would be taken at once, and so would the next: without an iteration of the
        # loop, an app that pulls and sends would never hear that its client has left, and other requests would wait.
        await asyncio.sleep(0)
        found: Result | None = None
        while found is None:
            received = b""
            with suppress(ConnectionError):
                received = await loop.sock_recv(connection, 65536)
            if self._closed:
                raise asyncio.CancelledError  # closed by another task: quiet, for nobody may be waiting any more
            found = self._result(received)
        return found

    async def _connect(self, loop: asyncio.AbstractEventLoop, address: tuple[str, int]) -> None:
        with _machine_errors_noted():
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._take(connection)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(connection, address)
        self._take(connection)  # again: what was not connected yet could not be shut down


class BlockingItems(_Stream):
    """The items of one stream, synchronously: ``for item in items``. One pull at a time."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if not self._begins_pull():
            raise StopIteration
        result: Result | None = None
        try:
            result = self._pull()
        except Exception:
            if self._closed:  # by another thread, meanwhile
                raise StopIteration from None
            raise
        finally:
            self._end_pull(result)
        if (text := _text_of(result)) is None:
            raise StopIteration
        return text

    def close(self) -> None:
        """Close the stream. The upstream notices at once.

        Any thread may call it; a pull that another thread is waiting in ends with StopIteration.
        """
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def _pull(self) -> Result:
        if _ADDRESS is None:
            delay, result = next(self._standin)
            time.sleep(delay)  # blocking is what this flavour is for
            return result
        request = PULL
        if self._socket is None:
            with _machine_errors_noted():
                self._take(socket.create_connection(_ADDRESS))
            request = Opening(self._key).encode() + PULL
        connection = self._socket
        assert connection is not None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):  # closed by a reset, which the next lines find too
            connection.sendall(request)
        found: Result | None = None
        while found is None:
            received = b""
            with suppress(ConnectionError):
                received = connection.recv(65536)
            found = self._result(received)
        return found


def _text_of(result: Result) -> str | None:
    """The text of an item; None at the end. Raises UpstreamError for a failure."""
    match result:
        case Item(text):
            return text
        case Failure(message):
            raise UpstreamError(message)
        case End.END:
            return None


@contextmanager
def _machine_errors_noted() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _MACHINES and on_unreachable is not None:
            on_unreachable(error)
        raise


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
