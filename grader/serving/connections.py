"""Connections to an app: how one is made, how one is aborted, and what asks whether the app's event loop iterates."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

#: A control request: not a valid request line, so the server itself responds with 400 (RFC 9112 3). That proves
#: that the server's event loop has iterated. A valid request would reach the app, and could itself be the event that
#: makes a wrong app continue (one that flushes its buffer at the next request, for example).
CONTROL: Final = b"are you there?\r\n\r\n"
#: The log message of uvicorn for each control request, in both of its HTTP protocols. The learner's log leaves it out.
CONTROL_IN_LOG: Final = "Invalid HTTP request received."
#: Seconds. A local connection is made at once; when the backlog is full, the system tries again after 1, 3 and 7.
_CONNECTING: Final = 5.0

#: Bytes. Accepted sockets inherit it from the listener. With the system's own size megabytes fit in between; with this
#: an app that waits for its client stops within about 100 KiB.
_SEND_BUFFER: Final = 8192
#: Connections that wait until the app takes them: the katas' contracts name 32 callers, and control requests come
#: beside them. With a full backlog a connection would be tried again only after a second.
_BACKLOG: Final = 128
#: Bytes: a part of the smallest window that a slow client opens again.
_SMALL_SEGMENT: Final = 512


class NoPort(ConnectionError):
    """No port is free in a network that is the app's alone, so the app has taken them."""


def listen() -> socket.socket:
    """An app's listener, from before its server is: nobody polls for a port, and connections wait in its backlog."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    return listener


def connect(address: tuple[str, int], receive_buffer: int | None = None) -> socket.socket:
    """A new connection; ``receive_buffer`` is in bytes. Raises OSError."""
    return connect_with(socket.socket(socket.AF_INET, socket.SOCK_STREAM), address, receive_buffer)


def connect_with(connection: socket.socket, address: tuple[str, int], receive_buffer: int | None) -> socket.socket:
    """Connect a new socket, which is closed when that fails. Raises OSError."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # for give_back()
        if receive_buffer is not None:  # before connecting: the window is agreed on then (RFC 7323 2.2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            _ask_for_small_segments(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(_CONNECTING)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _ask_for_small_segments(connection: socket.socket) -> None:
    """Have the app's end send segments that fit in a small window (RFC 9293 3.7.1; Linux).

    A segment that does not fit waits for a timer of the sender (RFC 9293 3.8.6.2.1), whose time doubles while the
    client reads nothing. When the client read on, the rest of a response would come seconds later.
    """
    if sys.platform == "linux":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SMALL_SEGMENT)


def give_back(ports: Iterable[int], address: tuple[str, int]) -> None:
    """Free local ports of connections to a server at ``address`` that has ended.

    The system keeps a port for a minute where this end has closed first (TIME_WAIT). A new connection from the same
    port takes its place (RFC 6191, on Linux after a second), and is refused, which leaves nothing.
    """
    with socket.socket() as reserved, suppress(OSError):
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(address)  # so that no other server gets these connections
        for port in ports:
            with socket.socket() as again, suppress(OSError):
                again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                again.bind((address[0], port))
                again.connect(address)


def ask(connection: socket.socket) -> socket.socket:
    """Send a control request. Where the app has closed its end already, the connection is readable as well."""
    with suppress(OSError):
        abort_at_close(connection)
        connection.sendall(CONTROL)
    return connection


def abort_at_close(connection: socket.socket) -> None:
    """Have ``close()`` send a RST, so that neither end keeps the connection in TIME_WAIT (RFC 9293 3.6.1).

    TIME_WAIT lasts a minute on Linux, and holds a port: at 25 to 45 connections a grade, ten grades a second would use
    up all the ports of the machine.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
