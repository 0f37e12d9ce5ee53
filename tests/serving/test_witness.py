"""What an app says of this machine counts only where the grader finds the same itself."""

from __future__ import annotations

import errno
import os
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from grader.errors import NO_THREADS, NO_UPSTREAM
from grader.serving import witness
from grader.serving.status import AppStatus
from grader.serving.witness import Witness
from grader.wire import Sign, Unreachable, encode_status

NOWHERE = ("127.0.0.1", 9)
UNREACHABLE = encode_status(Unreachable("[Errno 101] Network is unreachable"))
STARVED = encode_status(Sign.STARVED)


@pytest.fixture
def upstream() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


@pytest.fixture(autouse=True)
def always_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "_PAUSE", 0.0)


def fault_told(line: bytes, upstream: tuple[str, int] = NOWHERE, pids: tuple[int, ...] = ()) -> str:
    status = AppStatus(Witness(upstream, lambda: pids))
    status.feed(line)
    status.feed(b"")
    return status.machine_fault()


def fails(number: int) -> Callable[..., None]:
    def connect(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    return connect


def no_thread(*_: Any) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("line", [UNREACHABLE, STARVED], ids=["unreachable", "starved"])
def test_the_word_of_an_app_counts_for_nothing(line: bytes, upstream: tuple[str, int]) -> None:
    before = threading.active_count()
    assert fault_told(line, upstream) == ""
    assert fault_told(line, NOWHERE) == ""
    assert threading.active_count() == before


def test_an_upstream_that_the_grader_cannot_reach_either_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", fails(errno.EADDRNOTAVAIL), raising=False)
    assert fault_told(UNREACHABLE) == f"{NO_UPSTREAM}: [Errno 99] {os.strerror(errno.EADDRNOTAVAIL)}"


def test_a_refused_connection_is_not_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", fails(errno.ECONNREFUSED), raising=False)
    assert fault_told(UNREACHABLE) == ""


def test_threads_that_the_grader_is_refused_as_well_are_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    assert fault_told(STARVED) == NO_THREADS
    assert fault_told(STARVED, pids=(os.getpid(),)) == NO_THREADS
    monkeypatch.setattr(witness, "FEW_THREADS", 1)
    assert fault_told(STARVED, pids=(os.getpid(),)) == ("" if os.path.isdir("/proc/self/task") else NO_THREADS)


def test_a_limit_of_threads_that_the_app_has_reached_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grader of another user may start more."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (10, 10))
    assert fault_told(STARVED) == NO_THREADS


def test_what_is_found_when_a_check_asks_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    status = AppStatus(Witness(NOWHERE, tuple))
    status.feed(STARVED + UNREACHABLE)
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    assert status.machine_fault() == NO_THREADS
    monkeypatch.undo()
    assert status.machine_fault() == NO_THREADS


def test_an_app_that_complains_without_end_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "_PAUSE", 1000.0)
    tried: list[int] = []

    def can_start(count: int) -> bool:
        tried.append(count)
        return True

    monkeypatch.setattr(witness, "_can_start", can_start)
    status = AppStatus(Witness(NOWHERE, tuple))
    status.feed(STARVED * 1000)
    assert len(tried) == 1
