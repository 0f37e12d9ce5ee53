"""One connection to the app: bytes in both directions, and the two ways to disconnect."""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import sys
import termios
from contextlib import suppress
from enum import Enum
from typing import Final

from grader.serving.connections import abort_at_close

#: Bytes: the receive buffer of a client that was slow and now reads on. A segment of the loopback interface has 64 KiB.
_READS_ON: Final = 1 << 18


class NoData(Enum):
    """The values that `Connection.receive` may return instead of bytes."""

    NOTHING = "nothing yet"
    EOF = "closed by the app"
    RESET = "reset by the app"


class Disconnect(Enum):
    """The two ways to disconnect: by a close (FIN, RFC 9293 3.6) or an abort (RST, RFC 9293 3.5.2)."""

    CLOSE = "FIN"
    ABORT = "RST"


class Connection:
    """A connected socket. A ``slow`` one has a small receive buffer, which is enlarged when it is first read from."""

    def __init__(self, connection: socket.socket, *, slow: bool = False) -> None:
        self._socket = connection
        self._is_small = slow
        self.is_open = True

    def send(self, data: bytes) -> bool:
        """Send everything. False when the app has closed its end meanwhile; its response can still be read then."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def receive(self, timeout: float) -> bytes | NoData:
        """The bytes that have arrived, at most 64 KiB; waits up to ``timeout`` seconds for the first."""
        self._enlarge()
        if not self.is_open or not select.select([self._socket], [], [], timeout)[0]:
            return NoData.NOTHING
        try:
            received = self._socket.recv(65536)
            self._acknowledge()
            return received or NoData.EOF
        except OSError:
            return NoData.RESET

    def _enlarge(self) -> None:
        """Enlarge a small receive buffer, and what the app may send into it (tcp(7), TCP_WINDOW_CLAMP).

        Read through a small one, a response may arrive in small segments, each of them 0.2 s after the one before: the
        window is too small for a whole segment, so the sender waits for its timer (RFC 9293 3.8.6.2.1).
        """
        if self._is_small and self.is_open:
            self._is_small = False
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _READS_ON)
            if sys.platform == "linux":
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, _READS_ON)

    def _acknowledge(self) -> None:
        """Have the system acknowledge what has arrived at once (Linux).

        It waits 40 ms otherwise, in which an app with a small send buffer cannot go on.
        """
        if sys.platform == "linux":
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    @property
    def unread(self) -> int:
        """Bytes that have arrived and that nobody has received. They are acknowledged, so that more can come."""
        if not self.is_open:
            return 0
        self._acknowledge()
        return int(struct.unpack("i", fcntl.ioctl(self._socket, termios.FIONREAD, b"\0" * 4))[0])

    def hand_over(self) -> Connection | None:
        """The connection, for another request, which then owns it; None where either end has closed it."""
        if not self.is_open or self._is_closed_by_app():
            return None
        self.is_open = False
        return Connection(self._socket)

    def _is_closed_by_app(self) -> bool:
        if not select.select([self._socket], [], [], 0)[0]:
            return False
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def disconnect(self, how: Disconnect) -> None:
        """Close or abort the connection. A second call does nothing.

        With unread bytes in the socket the system would send a RST instead of a FIN, so a close reads them first.
        """
        if not self.is_open:
            return
        self.is_open = False
        with suppress(OSError):
            if how is Disconnect.ABORT:
                abort_at_close(self._socket)
            else:
                self._drain()
        self._socket.close()

    def _drain(self) -> None:
        self._socket.setblocking(False)
        for _ in range(64):  # at most 4 MiB, so that an app that sends without end cannot delay the grade
            if not self._socket.recv(65536):
                return
