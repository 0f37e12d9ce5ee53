"""The only module that a learner's app imports: a way to the upstream, item by item.

``upstream(key)`` is asynchronous, ``blocking_upstream(key)`` is not, as real libraries come in both kinds. Each pass of
the loop asks the upstream for exactly one item; nothing is read ahead::

    async with upstream(prompt) as chunks:
        async for chunk in chunks:
            ...

While an app is graded, the upstream is the grader's. Run by hand (``uvicorn app:app --reload``) a local stand-in
responds with a few words, one every 150 ms. Key words in the key select its failure modes: ``fail`` fails at once,
``fail-after-2`` after two items, ``empty`` has no items, and ``slow`` takes 2 seconds an item.

`docs/protocol.md` describes what this module sends and receives.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from grader.wire import PULL, End, Failure, Item, Opening, Result, read_result, upstream_address

if TYPE_CHECKING:
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
#: Is called with such an error before the app gets it. The grader sets it, so that no app is blamed.
on_unreachable: Callable[[OSError], object] | None = None


class UpstreamError(Exception):
    """The upstream failed. ``str(error)`` says how, in words that a client may read."""


def upstream(key: str) -> Items:
    """Open the upstream's stream for ``key`` (a prompt, the name of a task), asynchronously.

    The first pull opens the stream. It is closed by ``aclose()``, by leaving ``async with``, by the cancellation of a
    pull, or at the latest when the object is collected.

    Raises (while iterating): UpstreamError, when the upstream fails.
    """
    return Items(key)


def blocking_upstream(key: str) -> BlockingItems:
    """Like :func:`upstream`, but each pull blocks the calling thread until the item is there."""
    return BlockingItems(key)


class Items:
    """The items of one stream, asynchronously: ``async for item in items``."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._socket: socket.socket | None = None
        self._standin: Iterator[tuple[float, Result]] | None = None
        self._buffer = bytearray()
        self._closed = False
        self._pulling = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        if self._closed:
            raise StopAsyncIteration
        self._pulling = True
        try:
            result = await self._pull()
        except BaseException:  # after a cancelled pull the next bytes would be the result of that one: close
            self._pulling = False
            self._close()
            raise
        self._pulling = False
        match result:
            case Item(text):
                return text
            case Failure(message):
                self._close()
                raise UpstreamError(message)
            case End.END:
                self._close()
                raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close the stream. The upstream notices at once."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def __del__(self) -> None:
        self._close()

    async def _pull(self) -> Result:
        import asyncio  # not at the top: an app that streams synchronously need not pay for it

        if _ADDRESS is None:
            self._standin = self._standin or standin(self._key)
            delay, result = next(self._standin)
            await asyncio.sleep(delay)
            return result
        loop = asyncio.get_running_loop()
        request = PULL
        if self._socket is None:
            with _machine_errors_noted():
                self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                self._socket.setblocking(False)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(self._socket, _ADDRESS)
            request = Opening(self._key).encode() + PULL
        with suppress(ConnectionError):  # closed by a reset, which the next line finds too
            await loop.sock_sendall(self._socket, request)
        while b"\n" not in self._buffer:
            received = b""
            with suppress(ConnectionError):
                received = await loop.sock_recv(self._socket, 65536)
            if self._closed:
                raise asyncio.CancelledError  # closed by another task: quiet, for nobody may be waiting any more
            if not received:
                raise UpstreamError("the upstream closed the connection")
            self._buffer += received
        return read_result(_take_line(self._buffer))

    def _close(self) -> None:
        self._closed = True
        if self._socket is None:
            return
        if self._pulling:
            # Another task's pull still waits on this socket. Closed under the event loop, it would be mistaken for
            # the next one; shut down, it wakes that pull, which then closes it.
            _shut_down(self._socket)
        else:
            self._socket.close()
            self._socket = None


class BlockingItems:
    """The items of one stream, synchronously: ``for item in items``."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._socket: socket.socket | None = None
        self._standin: Iterator[tuple[float, Result]] | None = None
        self._buffer = bytearray()
        self._closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._closed:
            raise StopIteration
        try:
            match self._pull():
                case Item(text):
                    return text
                case Failure(message):
                    raise UpstreamError(message)
                case End.END:
                    raise StopIteration
        except BaseException as error:
            over = self._closed and isinstance(error, Exception)  # another thread has closed it meanwhile
            self.close()
            if over:
                raise StopIteration from None
            raise

    def close(self) -> None:
        """Close the stream. The upstream notices at once.

        Any thread may call it; a pull that another thread is waiting in ends with UpstreamError or StopIteration.
        """
        self._closed = True
        connection, self._socket = self._socket, None
        if connection is not None:
            _shut_down(connection)  # wakes a pull that another thread is waiting in
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _pull(self) -> Result:
        if _ADDRESS is None:
            self._standin = self._standin or standin(self._key)
            delay, result = next(self._standin)
            time.sleep(delay)  # blocking is what this flavour is for
            return result
        request = PULL
        if self._socket is None:
            with _machine_errors_noted():
                self._socket = socket.create_connection(_ADDRESS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = Opening(self._key).encode() + PULL
        with suppress(ConnectionError):  # closed by a reset, which the next line finds too
            self._socket.sendall(request)
        while b"\n" not in self._buffer:
            received = b""
            with suppress(ConnectionError):
                received = self._socket.recv(65536)
            if not received:
                raise UpstreamError("the upstream closed the connection")
            self._buffer += received
        return read_result(_take_line(self._buffer))


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


def _take_line(buffer: bytearray) -> bytes:
    line, _, rest = bytes(buffer).partition(b"\n")
    buffer[:] = rest
    return line


def standin(key: str) -> Iterator[tuple[float, Result]]:
    """For each pull, how many seconds to wait and what to return, where there is no grader."""
    words = ["Here", " is", " what", " the", " stand-in", " has", " to", " say", " about", f" “{key}”.\n", "Bye", "!"]
    delay = 2.0 if "slow" in key else 0.15
    failing = re.search(r"fail(?:-after-(\d+))?", key)
    for word in words[: 0 if "empty" in key else int(failing[1] or 0) if failing else None]:
        yield delay, Item(word)
    if failing:
        yield delay, Failure("the stand-in was asked to fail")
    yield 0, End.END
