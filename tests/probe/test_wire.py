"""One connection: what arrives, and what the two ways of leaving look like to the peer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from grader.probe.wire import Farewell, Silence, Wire
from tests.probe.conftest import DEADLINE, reset


class Pair:
    """A wire, and the peer's end of it."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.wire = Wire(socket.create_connection(listener.getsockname(), timeout=DEADLINE), born=time.monotonic())
            self.peer, _ = listener.accept()
        self.peer.settimeout(DEADLINE)


@pytest.fixture
def pair() -> Iterator[Pair]:
    found = Pair()
    yield found
    found.wire.leave(Farewell.RST)
    found.peer.close()


def test_what_arrives_is_received(pair: Pair) -> None:
    assert pair.wire.receive(0) is Silence.NOTHING
    pair.peer.sendall(b"hello")
    assert pair.wire.receive(DEADLINE) == b"hello"
    assert pair.wire.receive(0) is Silence.NOTHING


def test_a_close_is_told_after_what_was_sent(pair: Pair) -> None:
    pair.peer.sendall(b"the end")
    pair.peer.close()
    assert pair.wire.receive(DEADLINE) == b"the end"
    assert pair.wire.receive(DEADLINE) is Silence.EOF


def test_a_reset_is_told_from_a_close(pair: Pair) -> None:
    reset(pair.peer)
    assert pair.wire.receive(DEADLINE) is Silence.RESET


def test_sending_tells_whether_the_peer_is_there(pair: Pair) -> None:
    assert pair.wire.send(b"request")
    assert pair.peer.recv(100) == b"request"
    reset(pair.peer)
    assert pair.wire.receive(DEADLINE) is Silence.RESET
    assert not pair.wire.send(b"more")


@pytest.mark.parametrize("unread", [b"", b"x", b"x" * 60_000])
def test_a_fin_closes_in_good_order_whatever_was_unread(unread: bytes, pair: Pair) -> None:
    pair.wire.send(b"last words")
    pair.peer.sendall(unread)
    pair.wire.leave(Farewell.FIN)
    assert pair.peer.recv(100) == b"last words"
    assert pair.peer.recv(100) == b""


@pytest.mark.parametrize("unread", [b"", b"x" * 60_000])
def test_a_rst_drops_everything_at_once(unread: bytes, pair: Pair) -> None:
    pair.peer.sendall(unread)
    pair.wire.leave(Farewell.RST)
    with pytest.raises(ConnectionResetError):
        pair.peer.recv(100)


def test_a_fin_does_not_wait_for_a_silent_peer(pair: Pair) -> None:
    began = time.monotonic()
    pair.wire.leave(Farewell.FIN)
    assert time.monotonic() - began < DEADLINE / 2
    assert pair.peer.recv(100) == b""


def test_who_has_left_neither_leaves_again_nor_hears(pair: Pair) -> None:
    pair.wire.leave(Farewell.FIN)
    pair.wire.leave(Farewell.RST)
    assert not pair.wire.is_open
    pair.peer.sendall(b"are you there?")
    assert pair.wire.receive(0) is Silence.NOTHING


def test_times_are_counted_from_the_checks_beginning() -> None:
    with socket.socket() as connection:
        wire = Wire(connection, born=time.monotonic() - 5)
        assert 5 <= wire.now() <= wire.now() < 5 + DEADLINE
