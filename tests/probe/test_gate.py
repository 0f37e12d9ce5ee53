"""The upstream's server: what a gate lets through, holds and counts, as an app sees it on the socket."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from grader.errors import Inconclusive
from grader.probe import gate
from grader.probe.gate import Gate, UpstreamServer
from grader.protocol.transcript import Act

DEADLINE = 60.0  # seconds
END = {"end": True}


class App:
    """The kit's side of a connection, byte by byte."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self.socket.makefile("rb")

    def open(self, key: str) -> App:
        self.send(json.dumps({"open": key}).encode() + b"\n")
        return self

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def pull(self, count: int = 1) -> App:
        self.send(b"pull\n" * count)
        return self

    def answer(self) -> Any:
        line = self._lines.readline()
        return json.loads(line) if line else None

    def answers(self, count: int) -> list[Any]:
        return [self.answer() for _ in range(count)]

    def is_held(self) -> bool:
        """Whether nothing has come yet."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is None
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(DEADLINE)

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


class Ends:
    """A server with a gate, and any number of apps that talk to it."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = listener.getsockname()
        self.server = UpstreamServer(listener)
        self.told: list[tuple[Act, int, bytes, str]] = []
        self.gate = self.new_gate("key")
        self.apps: list[App] = []

    def new_gate(self, key: str) -> Gate:
        return self.server.open_gate(key, lambda *told: self.told.append(told))

    def app(self) -> App:
        self.apps.append(App(self.address))
        return self.apps[-1]

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.server.news:
            assert self.server.news.wait_for(condition, DEADLINE)

    def acts(self) -> list[Act]:
        return [act for act, *_ in self.told]


@pytest.fixture
def ends() -> Iterator[Ends]:
    found = Ends()
    yield found
    for app in found.apps:
        app.close()
    found.server.close()


def items(*texts: str) -> list[dict[str, str]]:
    return [{"item": text} for text in texts]


# -- the gate -------------------------------------------------------------------------------------------------------


def test_a_pull_is_held_until_an_item_is_given(ends: Ends) -> None:
    app = ends.app().open("key").pull()
    ends.wait(lambda: ends.gate.pulls == 1)
    ends.server.call()
    assert app.is_held()
    ends.gate.give(["now"])
    assert app.answer() == {"item": "now"}


def test_items_are_given_one_to_each_pull_in_their_order(ends: Ends) -> None:
    ends.gate.give(["one", "two"])
    ends.gate.give(["three"])
    app = ends.app().open("key").pull(2)
    assert app.answers(2) == items("one", "two")
    assert (ends.gate.pulls, ends.gate.given) == (2, 2)
    assert app.pull().answer() == {"item": "three"}


def test_after_the_end_every_pull_is_told_so(ends: Ends) -> None:
    ends.gate.finish()
    ends.gate.give(["given before it is pulled"])
    app = ends.app().open("key").pull(3)
    assert app.answers(3) == [*items("given before it is pulled"), END, END]


def test_a_failure_comes_after_what_was_given(ends: Ends) -> None:
    ends.gate.give(["one"])
    ends.gate.finish(error="broken")
    assert ends.app().open("key").pull(3).answers(3) == [*items("one"), {"error": "broken"}, {"error": "broken"}]


def test_finishing_answers_the_pulls_that_are_held(ends: Ends) -> None:
    app = ends.app().open("key").pull()
    ends.wait(lambda: ends.gate.pulls == 1)
    ends.gate.finish(error="too late")
    assert app.answer() == {"error": "too late"}


def test_an_open_gate_lets_items_through_as_they_are_pulled(ends: Ends) -> None:
    ends.gate.give(["first"])
    ends.gate.flow(map(str, itertools.count()))
    app = ends.app().open("key").pull(4)
    assert app.answers(4) == items("first", "0", "1", "2")
    ends.server.call()
    assert ends.gate.given == 4


def test_a_gate_that_is_shut_again_holds(ends: Ends) -> None:
    ends.gate.flow(map(str, itertools.count()))
    app = ends.app().open("key").pull()
    assert app.answer() == {"item": "0"}
    ends.gate.flow(None)
    app.pull()
    ends.wait(lambda: ends.gate.pulls == 2)
    ends.server.call()
    assert app.is_held()
    ends.gate.give(["on"])
    assert app.answer() == {"item": "on"}


def test_an_open_gate_that_runs_dry_holds(ends: Ends) -> None:
    ends.gate.flow(iter(["only"]))
    app = ends.app().open("key").pull(2)
    assert app.answer() == {"item": "only"}
    ends.server.call()
    assert app.is_held()
    ends.gate.finish()
    assert app.answer() == END


def test_opening_the_gate_answers_the_pulls_that_are_held(ends: Ends) -> None:
    app = ends.app().open("key").pull()
    ends.wait(lambda: ends.gate.pulls == 1)
    ends.gate.flow(iter(["flows"]))
    assert app.answer() == {"item": "flows"}


# -- several streams ------------------------------------------------------------------------------------------------


def test_streams_of_one_key_share_its_items_in_the_order_of_their_pulls(ends: Ends) -> None:
    first, second = ends.app().open("key").pull(), ends.app()
    ends.wait(lambda: ends.gate.pulls == 1)
    second.open("key").pull()
    ends.wait(lambda: ends.gate.pulls == 2)
    ends.gate.give(["for the first", "for the second"])
    assert (first.answer(), second.answer()) == ({"item": "for the first"}, {"item": "for the second"})
    assert (ends.gate.streams, ends.gate.open_streams) == (2, 2)


def test_gates_do_not_mix(ends: Ends) -> None:
    other = ends.new_gate("other")
    other.give(["other's"])
    held = ends.app().open("key").pull()
    assert ends.app().open("other").pull().answer() == {"item": "other's"}
    ends.wait(lambda: ends.gate.pulls == 1)
    assert held.is_held()
    assert other.pulls == 1


def test_an_item_is_not_lost_on_a_stream_that_was_let_go(ends: Ends) -> None:
    gone = ends.app().open("key").pull()
    ends.wait(lambda: ends.gate.pulls == 1)
    gone.close()
    ends.wait(lambda: ends.gate.open_streams == 0)
    ends.gate.give(["kept"])
    assert ends.app().open("key").pull().answer() == {"item": "kept"}
    assert (ends.gate.streams, ends.gate.given) == (2, 1)


# -- what is counted and recorded -------------------------------------------------------------------------------------


def test_what_has_arrived_before_a_call_is_counted_by_it(ends: Ends) -> None:
    ends.gate.finish()
    app = ends.app().open("key").pull()
    app.answer()
    for number in range(2, 300):
        app.pull()
        ends.server.call()
        assert ends.gate.pulls == number


def test_bytes_are_counted_in_utf_8(ends: Ends) -> None:
    ends.gate.give(["é", "日本", "", "\n"])
    ends.app().open("key").pull(4).answers(4)
    ends.server.call()
    assert ends.gate.given_bytes == 2 + 6 + 0 + 1


def test_the_record_tells_what_happened_in_its_order(ends: Ends) -> None:
    ends.gate.give(["text é"])
    ends.gate.finish(error="why")
    app = ends.app().open("key").pull()
    app.answer()
    app.pull().answer()
    app.close()
    ends.wait(lambda: ends.gate.open_streams == 0)
    assert ends.told == [
        (Act.OPENED, 1, b"", "key"),
        (Act.PULLED, 1, b"", "pull 1"),
        (Act.GAVE, 1, "text é".encode(), ""),
        (Act.PULLED, 1, b"", "pull 2"),
        (Act.FAILED, 1, b"", "why"),
        (Act.CLOSED, 1, b"", ""),
    ]


# -- who does not keep to it ------------------------------------------------------------------------------------------


def test_bytes_may_be_cut_anywhere(ends: Ends) -> None:
    ends.gate.give(["one", "two"])
    app = ends.app()
    for byte in json.dumps({"open": "key"}).encode() + b"\npull\npull\n":
        app.send(bytes([byte]))
    assert app.answers(2) == items("one", "two")


def test_a_key_that_nobody_named_is_refused_and_remembered(ends: Ends) -> None:
    app = ends.app().open("anything").pull()
    assert app.answer() == {"error": "the upstream knows no such request"}
    assert app.answer() is None
    assert ends.server.unknown_keys == ["anything"]


def test_a_refused_app_reads_the_refusal_whatever_it_still_sends(ends: Ends) -> None:
    app = ends.app().open("anything")
    assert app.answer() == {"error": "the upstream knows no such request"}
    for _ in range(3):
        app.pull()
        ends.server.call()  # what was sent has been read, so that no reset answers it
    assert app.answer() is None


def test_a_refused_app_that_floods_the_upstream_is_cut_off(ends: Ends) -> None:
    """Each of its lines cost the grader's process time, which the grade then lacked."""
    app = ends.app().open("anything")
    with pytest.raises(ConnectionError):
        app.send(b"\n" * (256 << 20))


def test_strangers_are_remembered_within_bounds(ends: Ends) -> None:
    for number in range(300):
        ends.server.gate(f"key {number}")
    assert len(ends.server.unknown_keys) <= 100


@pytest.mark.parametrize(
    "opening",
    [b"GET / HTTP/1.1\r\n", b"[]\n", b'"key"\n', b"{}\n", b"null\n", b"\xff\xfe\n", b"x" * 3_000_000],
    ids=["HTTP", "list", "text", "no key", "null", "no UTF-8", "no end"],
)
def test_what_is_not_the_kit_gets_nothing(opening: bytes, ends: Ends) -> None:
    app = ends.app()
    with suppress(ConnectionError):
        app.send(opening)
        assert app.answer() is None
    ends.server.call()
    assert ends.told == []


@pytest.mark.parametrize("key", [None, 1, ["key"], {"key": 1}, "", "\ud800", "x" * 100_000])
def test_any_key_that_json_can_hold_may_be_asked_for(key: object, ends: Ends) -> None:
    app = ends.app()
    app.send(json.dumps({"open": key}).encode() + b"\n")
    assert app.answer() == {"error": "the upstream knows no such request"}


@pytest.mark.parametrize("words", [b"push\n", b"\n", b"\xff\n", b"pull\r\n", b"PULL\n"])
def test_a_line_that_is_not_a_pull_ends_the_connection(words: bytes, ends: Ends) -> None:
    app = ends.app().open("key")
    app.send(words)
    with suppress(ConnectionError):
        assert app.answer() is None
    ends.wait(lambda: ends.gate.open_streams == 0)
    assert ends.gate.pulls == 0


def test_closing_hangs_up(ends: Ends) -> None:
    app = ends.app().open("key").pull()
    ends.wait(lambda: ends.gate.pulls == 1)
    ends.server.close()
    with suppress(ConnectionError):
        assert app.answer() is None
    with pytest.raises(ConnectionError):
        socket.create_connection(ends.address, timeout=DEADLINE)


def test_an_upstream_end_without_time_is_nobodys_fault(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_STARVED", 0.01)
    has_time = threading.Event()
    ends.server.order(lambda: assert_set(has_time))
    with pytest.raises(Inconclusive, match="no time"):
        ends.server.call()
    has_time.set()
    monkeypatch.undo()
    ends.server.call()


def assert_set(event: threading.Event) -> None:
    assert event.wait(DEADLINE)


@pytest.mark.parametrize("opened", [True, False], ids=["opened", "not opened"])
def test_a_flood_of_lines_that_are_no_pulls_ends_the_connection(ends: Ends, *, opened: bool) -> None:
    app = ends.app()
    with suppress(ConnectionError):
        app.send((b'{"open": "key"}\n' if opened else b"") + b"\n" * (4 << 20))
    with suppress(ConnectionError):
        assert app.answer() is None
    ends.wait(lambda: ends.gate.open_streams == 0)
    assert ends.gate.pulls == 0


def test_a_byte_of_a_long_line_costs_no_more_than_one_of_a_short_line(ends: Ends) -> None:
    def seconds(size: int) -> float:
        app = ends.app()
        app.send(json.dumps({"open": "x" * size}).encode())
        ends.server.call()
        began = time.process_time()
        for _ in range(2000):
            app.send(b" ")
            ends.server.call()
        used = time.process_time() - began
        app.send(b"\n")
        assert app.answer() == {"error": "the upstream knows no such request"}
        return used

    assert seconds(1_000_000) < 3 * seconds(1)  # it was ten times as much


def test_pulls_that_wait_for_no_result_end_the_connection(ends: Ends) -> None:
    app = ends.app().open("key").pull(gate.MOST_OUTSTANDING + 1)
    with suppress(ConnectionError):
        assert app.answer() is None
    assert ends.gate.pulls <= gate.MOST_OUTSTANDING


def test_pulls_that_come_at_once_end_the_connection_also_where_each_has_a_result(ends: Ends) -> None:
    """Else a flood of them would keep the upstream end from everything else."""
    ends.gate.finish()
    app = ends.app().open("key").pull(100 * gate.MOST_OUTSTANDING)
    with suppress(ConnectionError):
        while app.answer() is not None:
            pass
    ends.server.call()
    assert ends.gate.pulls <= gate.MOST_OUTSTANDING + 1


def test_all_pulls_of_a_connection_that_has_closed_are_forgotten(ends: Ends, caplog: pytest.LogCaptureFixture) -> None:
    """No item goes to it, and asyncio has nothing to complain about."""
    ends.app().open("key").pull(20).close()
    ends.wait(lambda: ends.gate.pulls == 20 and ends.gate.open_streams == 0)
    assert not ends.gate.waiting
    ends.gate.give(["first"])
    assert ends.app().open("key").pull().answer() == {"item": "first"}
    assert not caplog.records


def test_more_connections_than_are_served_are_aborted_and_noted(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_CONNECTIONS", 2)
    for app in (ends.app(), ends.app()):
        app.open("key").pull()
    ends.wait(lambda: ends.gate.pulls == 2)
    assert not ends.server.is_crowded
    with suppress(ConnectionError):
        assert ends.app().open("key").pull().answer() is None
    ends.server.call()
    assert ends.server.is_crowded
    assert ends.gate.pulls == 2


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells the states of its connections there")
def test_a_connection_that_the_app_closes_holds_no_port(ends: Ends) -> None:
    app = ends.app().open("key").pull()
    ends.wait(lambda: ends.gate.pulls == 1)
    ports = app.socket.getsockname()[1], app.socket.getpeername()[1]
    app.close()
    deadline = time.monotonic() + 20  # TIME_WAIT lasts a minute
    while states(*ports) and time.monotonic() < deadline:
        ends.server.call()
    assert states(*ports) == []


def states(local: int, remote: int) -> list[str]:
    """The states of all connections between two ports, as the kernel numbers them (6 is TIME_WAIT).

    Others may have one of the two: the system gives a port again as long as the other end is another.
    """
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return [row[3] for row in rows if [int(end.rpartition(":")[2], 16) for end in row[1:3]] == [local, remote]]
