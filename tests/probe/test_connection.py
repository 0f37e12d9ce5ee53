"""One connection: what arrives, and what the two ways of leaving look like to the peer."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from grader.probe.client import SLOW
from grader.probe.connection import Connection, Disconnect, NoData
from grader.serving.connections import connect, listen
from tests.probe.conftest import DEADLINE, reset


class Pair:
    """A connection, and the peer's end of it."""

    def __init__(self, *, slow: bool = False) -> None:
        with listen() as listener:
            connected = connect(listener.getsockname(), receive_buffer=SLOW if slow else None)
            self.connection = Connection(connected, slow=slow)
            self.peer, _ = listener.accept()
        self.peer.settimeout(DEADLINE)

    def close(self) -> None:
        self.connection.disconnect(Disconnect.ABORT)
        self.peer.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with closing(Pair()) as found:
        yield found


@pytest.fixture
def slow() -> Iterator[Pair]:
    with closing(Pair(slow=True)) as found:
        yield found


def test_what_arrives_is_received(pair: Pair) -> None:
    assert pair.connection.receive(0) is NoData.NOTHING
    pair.peer.sendall(b"hello")
    assert pair.connection.receive(DEADLINE) == b"hello"
    assert pair.connection.receive(0) is NoData.NOTHING


def fill(peer: socket.socket) -> int:
    """Send until nothing more goes without a reader; returns how many bytes went."""
    peer.setblocking(False)
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += peer.send(b"x" * 1024)
    peer.settimeout(DEADLINE)
    return sent


def test_a_slow_client_takes_little_until_it_reads_and_then_as_much_as_others(slow: Pair) -> None:
    assert fill(slow.peer) < 100_000
    assert slow.connection.receive(DEADLINE)
    slow.peer.sendall(b"x" * 100_000)  # nobody reads meanwhile; through the small buffer this would not go


@pytest.mark.skipif(sys.platform != "linux", reason="the system's own figures of a connection")
def test_a_segment_to_a_slow_client_fits_in_half_of_its_window(slow: Pair) -> None:
    """Else the rest waits for a timer of the sender: half a second later a right app would count as silent."""
    figures = slow.peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    assert int.from_bytes(figures[16:20], sys.byteorder) <= SLOW / 4  # tcpi_snd_mss


def test_a_close_is_told_after_what_was_sent(pair: Pair) -> None:
    pair.peer.sendall(b"the end")
    pair.peer.close()
    assert pair.connection.receive(DEADLINE) == b"the end"
    assert pair.connection.receive(DEADLINE) is NoData.EOF


def test_a_reset_is_told_from_a_close(pair: Pair) -> None:
    reset(pair.peer)
    assert pair.connection.receive(DEADLINE) is NoData.RESET


def test_sending_tells_whether_the_peer_is_there(pair: Pair) -> None:
    assert pair.connection.send(b"request")
    assert pair.peer.recv(100) == b"request"
    reset(pair.peer)
    assert pair.connection.receive(DEADLINE) is NoData.RESET
    assert not pair.connection.send(b"more")


@pytest.mark.parametrize("unread", [b"", b"x", b"x" * 60_000])
def test_a_fin_closes_in_good_order_whatever_was_unread(unread: bytes, pair: Pair) -> None:
    pair.connection.send(b"last words")
    pair.peer.sendall(unread)
    pair.connection.disconnect(Disconnect.CLOSE)
    assert pair.peer.recv(100) == b"last words"
    assert pair.peer.recv(100) == b""


@pytest.mark.parametrize("unread", [b"", b"x" * 60_000])
def test_a_rst_drops_everything_at_once(unread: bytes, pair: Pair) -> None:
    pair.peer.sendall(unread)
    pair.connection.disconnect(Disconnect.ABORT)
    with pytest.raises(ConnectionResetError):
        pair.peer.recv(100)


def test_a_fin_does_not_wait_for_a_silent_peer(pair: Pair) -> None:
    began = time.monotonic()
    pair.connection.disconnect(Disconnect.CLOSE)
    assert time.monotonic() - began < DEADLINE / 2
    assert pair.peer.recv(100) == b""


def test_a_connection_can_be_handed_over(pair: Pair) -> None:
    taken = pair.connection.hand_over()
    assert taken is not None
    pair.connection.disconnect(Disconnect.ABORT)  # it is not its own any more
    assert not pair.connection.is_open
    assert pair.connection.hand_over() is None
    assert taken.send(b"again")
    assert pair.peer.recv(100) == b"again"
    pair.peer.sendall(b"yes")
    assert taken.receive(DEADLINE) == b"yes"
    taken.disconnect(Disconnect.ABORT)


@pytest.mark.parametrize("end", [lambda peer: peer.close(), reset])
def test_a_connection_that_the_app_has_closed_is_not_handed_over(
    end: Callable[[socket.socket], None], pair: Pair
) -> None:
    end(pair.peer)
    assert pair.connection.hand_over() is None
    assert pair.connection.is_open


def test_who_has_left_neither_leaves_again_nor_hears(pair: Pair) -> None:
    pair.connection.disconnect(Disconnect.CLOSE)
    pair.connection.disconnect(Disconnect.ABORT)
    assert not pair.connection.is_open
    pair.peer.sendall(b"are you there?")
    assert pair.connection.receive(0) is NoData.NOTHING
