"""The kit: one explicit pull an item, against the grader's own upstream; and the stand-in, where no grader is."""

from __future__ import annotations

import asyncio
import gc
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

import pytest
import uvloop

from grader import kit
from grader.kit import BlockingItems, Items, UpstreamError, blocking_upstream, upstream
from grader.probe.gate import Gate, UpstreamServer
from grader.protocol.transcript import Act

DEADLINE = 60.0  # seconds
END = object()  # what a flavour's pull gives when there is no more
KEY = "amber “otter” &\n café"


class Upstream:
    """The grader's upstream with one gate, and what it saw."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.listener.getsockname()
        self.server = UpstreamServer(self.listener)
        self.acts: list[Act] = []
        self.gate: Gate = self.server.open_gate(KEY, lambda act, *_: self.acts.append(act))

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.server.news:
            assert self.server.news.wait_for(condition, DEADLINE)

    def wait_for_close(self) -> None:
        self.wait(lambda: self.gate.streams > 0 and self.gate.open_streams == 0)

    def wait_for_no_connection(self) -> None:
        for _ in range(5):  # what has been connected is accepted first
            self.server.call()
        deadline = time.monotonic() + DEADLINE
        while self.server.connections:
            assert time.monotonic() < deadline
            self.server.call()

    def wait_for_pull(self, number: int = 1) -> None:
        self.wait(lambda: self.gate.pulls >= number)

    def pulls(self) -> int:
        self.server.call()  # what has arrived is now counted
        return self.gate.pulls


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    found = Upstream()
    monkeypatch.setattr(kit, "_ADDRESS", found.address)
    yield found
    found.server.close()


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No grader: the stand-in answers. Its delays are noted and not waited for."""
    monkeypatch.setattr(kit, "_ADDRESS", None)
    delays: list[float] = []

    async def sleep(delay: float) -> None:
        delays.append(delay)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(time, "sleep", delays.append)
    return delays


Stream: TypeAlias = "Items | BlockingItems"


class Flavour(Protocol):
    """The same four moves in every flavour."""

    def open(self, key: str = KEY) -> Stream: ...
    def pull(self, items: Stream) -> object: ...
    def close(self, items: Stream) -> None: ...
    def use(self, items: Stream, body: Callable[[], None]) -> None:
        """Run ``body`` inside of ``with``."""


class Blocking:
    def open(self, key: str = KEY) -> Stream:
        return blocking_upstream(key)

    def pull(self, items: Stream) -> object:
        assert isinstance(items, BlockingItems)
        return next(items, END)

    def close(self, items: Stream) -> None:
        assert isinstance(items, BlockingItems)
        items.close()

    def use(self, items: Stream, body: Callable[[], None]) -> None:
        assert isinstance(items, BlockingItems)
        with items:
            body()


class Asynchronous:
    def __init__(self, runner: asyncio.Runner) -> None:
        self.run = runner.run

    def open(self, key: str = KEY) -> Stream:
        return upstream(key)

    def pull(self, items: Stream) -> object:
        async def pull() -> object:
            assert isinstance(items, Items)
            async for item in items:
                return item
            return END

        return self.run(pull())

    def close(self, items: Stream) -> None:
        assert isinstance(items, Items)
        self.run(items.aclose())

    def use(self, items: Stream, body: Callable[[], None]) -> None:
        async def use() -> None:
            assert isinstance(items, Items)
            async with items:
                await asyncio.to_thread(body)

        self.run(use())


LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as found:
        yield found


@pytest.fixture(params=["blocking", *LOOPS])
def flavour(request: pytest.FixtureRequest) -> Iterator[Flavour]:
    if request.param == "blocking":
        yield Blocking()
        return
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield Asynchronous(runner)


# -- every flavour, with the grader's upstream ----------------------------------------------------------------------


def test_nothing_is_opened_before_the_first_pull(flavour: Flavour, source: Upstream) -> None:
    items = flavour.open()
    source.server.call()
    assert source.gate.streams == 0
    flavour.close(items)
    assert flavour.pull(items) is END
    assert source.gate.streams == 0


def test_each_turn_asks_for_exactly_one_item(flavour: Flavour, source: Upstream) -> None:
    source.gate.give(["one", "two", "three"])
    items = flavour.open()
    for number, text in enumerate(["one", "two", "three"], start=1):
        assert flavour.pull(items) == text
        assert source.pulls() == number
    assert source.gate.given == 3
    assert source.gate.streams == 1
    flavour.close(items)


def test_the_end_lets_go_and_stays_the_end(flavour: Flavour, source: Upstream) -> None:
    source.gate.give(["only"])
    source.gate.finish()
    items = flavour.open()
    assert [flavour.pull(items) for _ in range(3)] == ["only", END, END]
    source.wait_for_close()
    assert source.acts == [Act.OPENED, Act.PULLED, Act.GAVE, Act.PULLED, Act.FINISHED, Act.CLOSED]


def test_a_failure_says_what_the_upstream_said_and_lets_go(flavour: Flavour, source: Upstream) -> None:
    source.gate.give(["first"])
    source.gate.finish(error="out of “order”\n")
    items = flavour.open()
    assert flavour.pull(items) == "first"
    with pytest.raises(UpstreamError, match=r"^out of “order”\n$"):
        flavour.pull(items)
    source.wait_for_close()
    assert flavour.pull(items) is END


def test_a_key_that_no_request_named_is_refused(flavour: Flavour, source: Upstream) -> None:
    items = flavour.open("another key")
    with pytest.raises(UpstreamError, match="knows no such request"):
        flavour.pull(items)
    assert source.server.unknown_keys == ["another key"]
    assert source.gate.streams == 0


def test_items_arrive_as_they_were_given(flavour: Flavour, source: Upstream) -> None:
    texts = ["", "\n", "\r\n", '{"end": true}', "👩‍🚀 \u2028 \0 \\", "x" * 300_000, " last "]
    source.gate.give(texts)
    source.gate.finish()
    items = flavour.open()
    assert [flavour.pull(items) for _ in range(len(texts) + 1)] == [*texts, END]


def test_closing_in_mid_stream_lets_go(flavour: Flavour, source: Upstream) -> None:
    source.gate.give(["one", "two"])
    items = flavour.open()
    assert flavour.pull(items) == "one"
    flavour.close(items)
    source.wait_for_close()
    flavour.close(items)
    assert flavour.pull(items) is END
    assert source.pulls() == 1


def test_leaving_the_with_block_lets_go(flavour: Flavour, source: Upstream) -> None:
    source.gate.give(["one"])
    items = flavour.open()
    assert flavour.pull(items) == "one"

    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        flavour.use(items, fails)
    source.wait_for_close()
    assert flavour.pull(items) is END


def test_what_nobody_holds_any_more_lets_go(flavour: Flavour, source: Upstream) -> None:
    source.gate.give(["one"])
    items = flavour.open()
    assert flavour.pull(items) == "one"
    del items
    gc.collect()
    source.wait_for_close()


def test_an_upstream_that_hangs_up_is_an_upstream_error(flavour: Flavour, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(kit, "_ADDRESS", listener.getsockname())

        def hang_up() -> None:
            connection, _ = listener.accept()
            while b"pull\n" not in connection.recv(65536):
                pass
            connection.sendall(b'{"item": "cut o')
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        items = flavour.open()
        with pytest.raises(UpstreamError, match="closed the connection"):
            flavour.pull(items)
        thread.join(DEADLINE)
    assert flavour.pull(items) is END


# -- what only one flavour can do -----------------------------------------------------------------------------------


def test_a_cancelled_pull_hangs_up_at_once(runner: asyncio.Runner, source: Upstream) -> None:
    async def cancel() -> None:
        items = upstream(KEY)
        pull = asyncio.ensure_future(anext(items))
        await asyncio.to_thread(source.wait_for_pull)
        pull.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pull
        await asyncio.to_thread(source.wait_for_close)  # while `items` is still there
        assert [item async for item in items] == []

    runner.run(cancel())


def test_a_timeout_around_a_pull_hangs_up(runner: asyncio.Runner, source: Upstream) -> None:
    async def time_out() -> None:
        items = upstream(KEY)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(items)
        await asyncio.to_thread(source.wait_for_close)
        await items.aclose()

    runner.run(time_out())


def test_a_pull_that_waits_leaves_the_loop_to_others(runner: asyncio.Runner, source: Upstream) -> None:
    async def both() -> None:
        async with upstream(KEY) as held, upstream(KEY) as running:
            waits = asyncio.ensure_future(anext(held))
            await asyncio.to_thread(source.wait_for_pull)
            follows = asyncio.ensure_future(anext(running))
            await asyncio.to_thread(source.wait_for_pull, 2)
            source.gate.give(["to the first that asked", "to the second"])
            assert [await waits, await follows] == ["to the first that asked", "to the second"]

    runner.run(both())
    source.wait_for_close()
    assert source.gate.streams == 2


def test_an_item_that_is_there_at_once_leaves_the_loop_to_others_as_well(
    source: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the grader may answer before the app's process goes on."""
    texts = [f"item {number}" for number in range(20)]
    source.gate.give(texts)
    source.gate.finish()

    async def count() -> None:
        loop = asyncio.get_running_loop()
        send, iterations = loop.sock_sendall, 0

        async def send_and_be_answered(connection: socket.socket, data: bytes) -> None:
            await send(connection, data)
            assert select.select([connection], [], [], DEADLINE)[0]

        def iterate() -> None:
            nonlocal iterations
            iterations += 1
            loop.call_soon(iterate)

        monkeypatch.setattr(loop, "sock_sendall", send_and_be_answered)
        items = upstream(KEY)
        await anext(items)  # connects, which takes iterations of its own
        iterate()
        for number, text in enumerate(texts[1:], start=1):
            assert await anext(items) == text
            assert iterations > number

    asyncio.run(count())


def test_closing_while_another_task_pulls_hangs_up_and_harms_no_other_stream(
    runner: asyncio.Runner, source: Upstream
) -> None:
    async def close() -> None:
        items = upstream(KEY)
        pull = asyncio.ensure_future(anext(items))
        await asyncio.to_thread(source.wait_for_pull)
        await items.aclose()
        await asyncio.to_thread(source.wait_for_close)
        done, _ = await asyncio.wait({pull}, timeout=DEADLINE)
        assert done == {pull}
        assert pull.cancelled() or isinstance(pull.exception(), StopAsyncIteration)
        source.gate.give(["goes", "on"])
        async with upstream(KEY) as other:  # its socket may well bear the number of the one that was closed
            assert [await anext(other), await anext(other)] == ["goes", "on"]

    runner.run(close())


def test_a_blocking_pull_waits_for_its_item(source: Upstream) -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(blocking_upstream(KEY)))
    thread.start()
    source.wait_for_pull()
    assert found == []
    source.gate.give(["late"])
    source.wait_for_pull(2)
    assert found == ["late"]
    source.gate.finish()
    thread.join(DEADLINE)


def test_closing_while_another_thread_pulls_ends_the_pull(source: Upstream) -> None:
    found: list[str] = []
    items = blocking_upstream(KEY)
    thread = threading.Thread(target=lambda: found.extend(items), daemon=True)
    thread.start()
    source.wait_for_pull()
    items.close()
    source.wait_for_close()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert found == []


def test_a_second_pull_at_once_is_refused_and_the_first_goes_on(runner: asyncio.Runner, source: Upstream) -> None:
    async def pull_twice() -> None:
        items = upstream(KEY)
        first = asyncio.ensure_future(anext(items))
        await asyncio.to_thread(source.wait_for_pull)
        with pytest.raises(RuntimeError, match="one pull at a time"):
            await anext(items)
        source.gate.give(["one", "two"])
        assert [await first, await anext(items)] == ["one", "two"]
        await items.aclose()

    runner.run(pull_twice())
    source.wait_for_close()
    assert source.gate.streams == 1


def test_a_second_blocking_pull_at_once_is_refused_and_the_first_goes_on(source: Upstream) -> None:
    found: list[str] = []
    items = blocking_upstream(KEY)
    thread = threading.Thread(target=lambda: found.extend(items))
    thread.start()
    source.wait_for_pull()
    with pytest.raises(RuntimeError, match="one pull at a time"):
        next(items)
    source.gate.give(["one"])
    source.gate.finish()
    thread.join(DEADLINE)
    assert found == ["one"]


def test_closing_while_the_first_pull_connects_leaves_nothing_open(
    source: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look at whether the stream is closed and the first bytes on its connection there is time."""
    items = blocking_upstream(KEY)
    connect, made = socket.create_connection, []

    def close_meanwhile(address: tuple[str, int]) -> socket.socket:
        made.append(connect(address))
        items.close()
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", close_meanwhile)
    assert list(items) == []
    assert [connection.fileno() for connection in made] == [-1]
    source.wait_for_no_connection()


def test_closing_while_the_first_awaited_pull_connects_leaves_nothing_open(
    runner: asyncio.Runner, source: Upstream
) -> None:
    async def close() -> None:
        items = upstream(KEY)
        connect = items._connect

        async def close_meanwhile(loop: asyncio.AbstractEventLoop, address: tuple[str, int]) -> None:
            await connect(loop, address)
            await items.aclose()

        items._connect = close_meanwhile  # type: ignore[method-assign]
        with pytest.raises(asyncio.CancelledError):
            await anext(items)
        assert items._socket is None

    runner.run(close())
    source.wait_for_no_connection()


def test_closing_at_any_moment_of_a_pull_leaves_nothing_open(source: Upstream) -> None:
    """With a short switch interval the threads meet between any two instructions."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(200):
            items = blocking_upstream(KEY)
            thread = threading.Thread(target=lambda items=items: list(items))
            thread.start()
            items.close()
            thread.join(DEADLINE)
            assert not thread.is_alive()
            assert items._socket is None
    finally:
        sys.setswitchinterval(interval)
    source.wait_for_no_connection()


# -- the stand-in ---------------------------------------------------------------------------------------------------


def everything(flavour: Flavour, key: str) -> tuple[list[object], str]:
    """All items for ``key``, and how the stream failed."""
    items, found = flavour.open(key), []
    try:
        while (item := flavour.pull(items)) is not END:
            found.append(item)
    except UpstreamError as error:
        assert flavour.pull(items) is END
        return found, str(error)
    return found, ""


def test_the_stand_in_speaks_at_a_walking_pace(flavour: Flavour, alone: list[float]) -> None:
    items, error = everything(flavour, "my prompt")
    assert "my prompt" in "".join(map(str, items))
    assert len(items) > 3
    assert error == ""
    assert all(0.01 < delay < 1 for delay in alone[: len(items)])


@pytest.mark.parametrize(
    ("key", "count", "fails"),
    [("fail", 0, True), ("please fail-after-2, will you", 2, True), ("fail-after-0", 0, True), ("empty", 0, False)],
)
def test_the_key_changes_the_stand_ins_mood(
    key: str, count: int, fails: bool, flavour: Flavour, alone: list[float]
) -> None:
    items, error = everything(flavour, key)
    assert len(items) == count
    assert ("asked to fail" in error) is fails


def test_a_slow_stand_in_takes_seconds_over_each(flavour: Flavour, alone: list[float]) -> None:
    items, _ = everything(flavour, "slow")
    assert all(delay >= 1 for delay in alone[: len(items)])


@pytest.mark.parametrize("is_module_path", [True, False])
def test_a_kata_says_what_its_stand_in_gives(
    is_module_path: bool, flavour: Flavour, alone: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_module_path:
        monkeypatch.syspath_prepend(str(tmp_path))  # as uvicorn does with the app's folder
    else:
        monkeypatch.chdir(tmp_path)
    (tmp_path / "stand-in.txt").write_text("12\n 7 \n\ncafé\n", "utf-8")
    assert everything(flavour, "till") == (["12", " 7 ", "", "café"], "")
    assert everything(flavour, "fail-after-1") == (["12"], "the stand-in was asked to fail")


def test_a_closed_stand_in_says_no_more(flavour: Flavour, alone: list[float]) -> None:
    items = flavour.open("hello")
    assert flavour.pull(items) == "Here"
    flavour.close(items)
    assert flavour.pull(items) is END


# -- what it costs --------------------------------------------------------------------------------------------------


def test_the_kit_is_light_to_import() -> None:
    code = "import sys; before = set(sys.modules); import grader.kit; print(*set(sys.modules) - before)"
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert {name for name in loaded if name.startswith("grader")} == {
        *("grader", "grader.kit", "grader.standin", "grader.wire")
    }
    assert not {"asyncio", "ssl", "threading", "httpx"} & set(loaded)
