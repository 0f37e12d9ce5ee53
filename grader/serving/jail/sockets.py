"""How the grader gets at an app: over a listener of its own, or with sockets that were made in the app's network."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Final, Protocol

from grader.serving import backlog, connections
from grader.serving.jail.plan import MORE, SOCKETS_AT_ONCE

_LOCALHOST: Final = "127.0.0.1"
#: Seconds until the app's process has made its network, before any code of the learner's runs.
_MAKING: Final = 60.0


class Door(Protocol):
    """The way to one app."""

    @property
    def childs_descriptor(self) -> int:
        """What the app's process inherits."""

    def close_childs(self) -> None:
        """The process has it. May be repeated."""

    def connect(self, receive_buffer: int | None) -> socket.socket:
        """Raises OSError."""

    def waiting(self) -> int:
        """Connections that the app's server has not taken yet; 0 where that is not known."""

    def upstream_listener(self) -> socket.socket | None:
        """A listener at the upstream's address in the app's own network, where it has one."""

    def close(self) -> None: ...


class OuterDoor:
    """The app is in the grader's network, and gets a listener that was made here."""

    def __init__(self) -> None:
        self._listener = connections.listen()
        self._address: tuple[str, int] = self._listener.getsockname()
        self._ports: set[int] = set()
        self._diagnosis = backlog.diagnosis()

    @property
    def childs_descriptor(self) -> int:
        return self._listener.fileno()

    def close_childs(self) -> None:
        self._listener.close()

    def connect(self, receive_buffer: int | None) -> socket.socket:
        connection = connections.connect(self._address, receive_buffer)
        self._ports.add(connection.getsockname()[1])
        return connection

    def waiting(self) -> int:
        return backlog.waiting(self._diagnosis, self._address) if self._diagnosis else 0

    def upstream_listener(self) -> None:
        return None

    def close(self) -> None:
        self._listener.close()
        if self._diagnosis is not None:
            self._diagnosis.close()
        connections.give_back(self._ports, self._address)
        self._ports.clear()


class InnerDoor:
    """The app has a network of its own, which this process is not in. Its sockets were made there and handed out.

    A listener from out here would be a way out for the app.
    """

    def __init__(self) -> None:
        self._link, self._childs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link.settimeout(_MAKING)
        self._lock = threading.Lock()
        self._port = 0
        self._sockets: list[socket.socket] = []
        self._upstream: socket.socket | None = None
        self._diagnosis: socket.socket | None = None

    @property
    def childs_descriptor(self) -> int:
        return self._childs.fileno()

    def close_childs(self) -> None:
        self._childs.close()

    def connect(self, receive_buffer: int | None) -> socket.socket:
        with self._lock:
            self._meet()
            if not self._sockets:
                self._link.send(MORE)
                self._sockets = self._receive()
            connection = self._sockets.pop()
        return connections.connect_with(connection, (_LOCALHOST, self._port), receive_buffer)

    def waiting(self) -> int:
        return backlog.waiting(self._diagnosis, (_LOCALHOST, self._port)) if self._diagnosis else 0

    def upstream_listener(self) -> socket.socket | None:
        with suppress(OSError), self._lock:
            self._meet()
        found, self._upstream = self._upstream, None
        return found

    def close(self) -> None:
        self.close_childs()
        with self._lock:
            self._link.close()
            for one in (*self._sockets, self._upstream, self._diagnosis):
                if one is not None:
                    one.close()
            self._sockets, self._upstream, self._diagnosis = [], None, None

    def _meet(self) -> None:
        """Wait for the first sockets: they come before the app starts."""
        if not self._port:
            self._upstream, *self._sockets = self._receive()
            if self._sockets[0].family != socket.AF_INET:
                self._diagnosis = self._sockets.pop(0)

    def _receive(self) -> list[socket.socket]:
        data, descriptors, _, _ = socket.recv_fds(self._link, 2, SOCKETS_AT_ONCE + 2)
        if not data:
            raise ConnectionRefusedError("the app's process has ended")
        self._port = struct.unpack("=H", data)[0] or self._port
        return [socket.socket(fileno=descriptor) for descriptor in descriptors]
