"""The server's sockets. They belong to the process that the grader started, and not to what that process forks."""

from __future__ import annotations

import os
from asyncio import Protocol, Transport
from collections.abc import Set as AbstractSet
from socket import socket


class ServerSockets:
    """The listening socket and the connections; once they are guarded, a forked process loses them at once.

    If a fork could serve on after the end of its parent, a verdict would depend on which of the two the grader sees
    first. So the app has ended when the first process has. In the fork the descriptors lead to /dev/null: a closed
    number would be given to the next file that it opens.
    """

    def __init__(self, listener: int) -> None:
        self._pid = os.getpid()
        self._listener = listener
        self._connections: AbstractSet[Protocol] = frozenset()

    @property
    def are_ours(self) -> bool:
        """Whether this process is the one that the grader started."""
        return os.getpid() == self._pid

    def guard(self) -> None:
        """From now on no fork keeps them. For the rest of this process's life."""
        os.register_at_fork(after_in_child=self._give_up)

    def follow(self, connections: AbstractSet[Protocol]) -> None:
        """``connections`` is the server's own set, which changes."""
        self._connections = connections

    def _give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (self._listener, *map(_descriptor, self._connections)):
            if descriptor >= 0:  # otherwise it has been closed
                os.dup2(nowhere, descriptor, inheritable=False)
        os.close(nowhere)


def _descriptor(connection: Protocol) -> int:
    transport: Transport = vars(connection)["transport"]  # of each of uvicorn's protocols
    found: socket = transport.get_extra_info("socket")  # with uvloop something like it
    return found.fileno()
