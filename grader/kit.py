"""The only module that a learner's app imports: a way to the upstream, item by item.

``upstream(key)`` is asynchronous, ``blocking_upstream(key)`` is not, as the libraries of the real world come in both
kinds. Each turn of the loop asks the upstream for exactly one item; nothing is read ahead::

    async with upstream(prompt) as chunks:
        async for chunk in chunks:
            ...

While an app is graded, the upstream is the grader's. Run by hand (``uvicorn app:app --reload``) a local stand-in
answers with words at a walking pace. What the key says changes its mood: a key with ``fail`` in it fails at once,
``fail-after-2`` after two items, ``empty`` has no items, and ``slow`` takes seconds over each.
"""

from __future__ import annotations

import json
import os
import re
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

__all__ = ["BlockingItems", "Items", "UpstreamError", "blocking_upstream", "upstream"]

_ADDRESS: Final = "STREAM_KATAS_UPSTREAM"
_PULL: Final = b"pull\n"


class UpstreamError(Exception):
    """The upstream failed. ``str(error)`` says how, in words that a client may read."""


def upstream(key: str) -> Items:
    """Open the upstream's stream for ``key`` (a prompt, the name of a task), asynchronously.

    The stream is opened by the first pull, and let go by ``aclose()``, by leaving ``async with``, by the cancellation
    of a pull, or at the latest when the object is collected.

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
        self._standin: Iterator[tuple[float, str]] | None = None
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
            line = await self._pull()
        except BaseException:  # a cancelled pull leaves the connection in mid-sentence: hang up
            self._pulling = False
            self._close()
            raise
        self._pulling = False
        try:
            return _item(line)
        except (StopIteration, UpstreamError) as over:
            self._close()
            if isinstance(over, StopIteration):
                raise StopAsyncIteration from None
            raise

    async def aclose(self) -> None:
        """Let go of the stream. The upstream notices at once."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def __del__(self) -> None:
        self._close()

    async def _pull(self) -> bytes:
        import asyncio  # not at the top: an app that streams synchronously need not pay for it

        address = _address()
        if address is None:
            self._standin = self._standin or standin(self._key)
            delay, line = next(self._standin)
            await asyncio.sleep(delay)
            return line.encode()
        loop = asyncio.get_running_loop()
        if self._socket is None:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(self._socket, address)
            await loop.sock_sendall(self._socket, _opening(self._key) + _PULL)
        else:
            await loop.sock_sendall(self._socket, _PULL)
        while b"\n" not in self._buffer:
            received = await loop.sock_recv(self._socket, 65536)
            if self._closed:
                raise asyncio.CancelledError  # closed by another task: quiet, for nobody may be waiting any more
            if not received:
                raise UpstreamError("the upstream closed the connection")
            self._buffer += received
        return _take_line(self._buffer)

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
        self._standin: Iterator[tuple[float, str]] | None = None
        self._buffer = bytearray()
        self._closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._closed:
            raise StopIteration
        try:
            return _item(self._pull())
        except BaseException as error:
            over = self._closed and isinstance(error, Exception)  # another thread has closed it meanwhile
            self.close()
            if over:
                raise StopIteration from None
            raise

    def close(self) -> None:
        """Let go of the stream. The upstream notices at once.

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

    def _pull(self) -> bytes:
        address = _address()
        if address is None:
            import time

            self._standin = self._standin or standin(self._key)
            delay, line = next(self._standin)
            time.sleep(delay)  # blocking is what this flavour is for
            return line.encode()
        if self._socket is None:
            self._socket = socket.create_connection(address)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(_opening(self._key) + _PULL)
        else:
            self._socket.sendall(_PULL)
        while b"\n" not in self._buffer:
            received = self._socket.recv(65536)
            if not received:
                raise UpstreamError("the upstream closed the connection")
            self._buffer += received
        return _take_line(self._buffer)


def _address() -> tuple[str, int] | None:
    """Where the grader's upstream listens, or None when the app is run by hand."""
    address = os.environ.get(_ADDRESS)
    if not address:
        return None
    host, _, port = address.rpartition(":")
    return host, int(port)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _opening(key: str) -> bytes:
    return json.dumps({"open": key}).encode() + b"\n"


def _take_line(buffer: bytearray) -> bytes:
    line, _, rest = bytes(buffer).partition(b"\n")
    buffer[:] = rest
    return line


def _item(line: bytes) -> str:
    """The item that an answer holds. Raises StopIteration at the end, UpstreamError on failure."""
    match json.loads(line):
        case {"item": str(item)}:
            return item
        case {"error": str(message)}:
            raise UpstreamError(message)
        case _:
            raise StopIteration


def standin(key: str) -> Iterator[tuple[float, str]]:
    """Seconds to wait and the answer to give, pull by pull, when no grader is there."""
    words = ["Here", " is", " what", " the", " stand-in", " has", " to", " say", " about", f" “{key}”.\n", "Bye", "!"]
    delay = 2.0 if "slow" in key else 0.15
    failing = re.search(r"fail(?:-after-(\d+))?", key)
    for word in words[: 0 if "empty" in key else int(failing[1] or 0) if failing else None]:
        yield delay, json.dumps({"item": word})
    if failing:
        yield delay, json.dumps({"error": "the stand-in was asked to fail"})
    yield 0, json.dumps({"end": True})
