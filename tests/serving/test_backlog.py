"""The connections that wait in a listener, as the kernel counts them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from grader.serving import backlog, connections

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with connections.listen() as found:
        yield found


@pytest.fixture
def asked() -> Iterator[socket.socket]:
    found = backlog.diagnosis()
    assert found is not None
    with found:
        yield found


def test_each_connection_counts_until_it_is_accepted(listener: socket.socket, asked: socket.socket) -> None:
    address = listener.getsockname()
    with ExitStack() as stack:
        counts = [backlog.waiting(asked, address)]
        for _ in range(3):
            stack.enter_context(connections.connect(address))
            counts.append(backlog.waiting(asked, address))
        for _ in range(3):
            stack.enter_context(listener.accept()[0])
            counts.append(backlog.waiting(asked, address))
    assert counts == [0, 1, 2, 3, 2, 1, 0]


def test_no_other_listener_counts(listener: socket.socket, asked: socket.socket) -> None:
    with connections.listen() as other, connections.connect(other.getsockname()):
        assert backlog.waiting(asked, listener.getsockname()) == 0


def test_where_nobody_listens_nothing_waits(asked: socket.socket) -> None:
    with connections.listen() as gone:
        address = gone.getsockname()
    assert backlog.waiting(asked, address) == 0


def test_a_kernel_that_says_nothing_means_nothing(listener: socket.socket) -> None:
    deaf, other = socket.socketpair()
    with deaf, other, connections.connect(listener.getsockname()):
        assert backlog.waiting(deaf, listener.getsockname()) == 0
        other.sendall(b"no")
        assert backlog.waiting(deaf, listener.getsockname()) == 0
