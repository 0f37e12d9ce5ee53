"""A client that reads only as many items as it is asked to, over a connection with a small receive buffer."""

import http.client
import socket

from sse import read_events

RECEIVE_BUFFER = 4096
TIMEOUT = 10.0


class SlowClient:
    """Reads numbered items, one event at a time. What it does not read stays in the buffers of kernel and server."""

    def __init__(self, address: tuple[str, int], path: str) -> None:
        """Send the request and read the headers."""
        self.read = 0
        self._sock = socket.socket()
        self._sock.settimeout(TIMEOUT)
        # Before connecting, because the handshake tells the server how much it may send.
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._sock.connect(address)
        connection = http.client.HTTPConnection(*address)
        connection.sock = self._sock
        connection.request("GET", path)
        self._reply = connection.getresponse()
        self._events = read_events(iter(lambda: self._reply.read1(1024), b""))

    def sip(self, items: int) -> None:
        """Read a few items, and see that none is missing."""
        for _ in range(items):
            self.read += 1
            number, _, _ = next(self._events).data.partition(" ")
            if int(number) != self.read:
                raise ValueError(f"item {self.read} is lost: {number} came")

    def close(self) -> None:
        """Close the connection."""
        self._reply.close()
        self._sock.close()
