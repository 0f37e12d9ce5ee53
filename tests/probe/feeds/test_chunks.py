"""A body of any media type, read as bytes while it arrives."""

from __future__ import annotations

import socket
import threading

import pytest

from grader.errors import Violation
from tests.probe.bodies import SSE, chunked, event, head, sized
from tests.probe.conftest import DEADLINE, QUICK, FakeApp, Meet, Then, To


def test_bytes_are_given_out_as_they_arrive(meet: Meet) -> None:
    taken = threading.Event()

    def talk(app: FakeApp, connection: socket.socket) -> None:
        connection.sendall(chunked(b"a,b\r\n", end=False))
        taken.wait(DEADLINE)
        connection.sendall(b"3\r\nc,d\r\n0\r\n\r\n")
        app.said.set()

    response = meet(talk).client.get("/")
    assert response.next_chunk() == b"a,b\r\n"
    taken.set()
    assert response.next_chunk() == b"c,d"
    with pytest.raises(Violation) as told:
        response.next_chunk()
    assert (told.value.finding.expected, told.value.finding.seen) == (
        "the next part of the body",
        "the response has ended",
    )
    assert response.body() == b"a,b\r\nc,d"


@pytest.mark.parametrize("cut", [1, 7, 1 << 20])
def test_together_they_are_the_body_without_its_framing(cut: int, reply_to: To) -> None:
    response = reply_to(chunked(b"one", b" ", b"two"), cut=cut)
    found = b""
    while len(found) < 7:
        found += response.next_chunk()
    assert found == b"one two"


def test_status_and_media_type_do_not_matter(reply_to: To) -> None:
    assert reply_to(sized(b"oh no", "", "500 Oh No")).next_chunk() == b"oh no"
    response = reply_to(sized(event("data: one"), SSE))
    assert response.next_event().data == "one"
    assert response.next_chunk() == event("data: one")


def test_bytes_that_do_not_come_are_told(reply_to: To) -> None:
    response = reply_to(head("text/csv") + b"a", Then.STAYS, timeouts=QUICK)
    assert response.next_chunk() == b"a"
    with pytest.raises(Violation, match="nothing more after 1 byte of the body"):
        response.next_chunk()
