"""An app that rests on its turn is found, and so is one that blocks its event loop; right apps never are.

The apps are real, and so is the time that they take: what is tested is that the looks at their threads tell.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from grader.grading.rig import Rig
from grader.probe.client import Client
from grader.probe.pace import OutOfPace, Pace
from grader.probe.pacing import Blockage, Rest
from grader.probe.record import Record
from grader.probe.recorded import Recorded
from grader.probe.session import Session
from grader.probe.upstream import Upstream
from grader.serving.launch import Launch
from grader.verify.busy import busy

#: One endpoint for each way to be late, or not to be late.
APP = """
    import asyncio, json, queue, threading, time
    from concurrent.futures import ProcessPoolExecutor
    from inspect import isawaitable
    from multiprocessing import forkserver, get_context

    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, StreamingResponse
    from starlette.routing import Route

    from grader.kit import blocking_upstream, upstream

    DONE = "event: done\\ndata:\\n\\n"
    kept = []

    def stream(events):
        return StreamingResponse(events, media_type="text/event-stream")

    def key(request):
        return request.query_params["key"]

    async def late(nap, seconds):
        found = nap(float(seconds))
        if isawaitable(found):
            await found

    def computes(seconds):
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            json.dumps(list(range(100)))

    NAPS = {"sleeps": asyncio.sleep, "blocks": time.sleep, "computes": computes}

    async def late_somewhere(request):
        query = request.query_params
        nap, seconds, place = NAPS[query["nap"]], query["seconds"], query["place"]
        if place == "before the head":
            await late(nap, seconds)
        async def events():
            items = upstream(key(request))
            while True:
                if place == "before a pull":
                    await late(nap, seconds)
                item = await anext(items, None)
                if item is None:
                    break
                if place == "before an event":
                    await late(nap, seconds)
                yield f"data: {item}\\n\\n"
            if place == "before the last event":
                await late(nap, seconds)
            yield DONE
            if place == "before the end":
                await late(nap, seconds)
        if place != "in a batch":
            return stream(events())
        items = []
        async for item in upstream(key(request)):
            await late(nap, seconds)
            items.append(item)
        return JSONResponse(items)

    # -- right apps ------------------------------------------------------------------------------------------------

    async def plain(request):
        async def events():
            async for item in upstream(key(request)):
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    def generator(request):
        def events():
            for item in blocking_upstream(key(request)):
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    async def thread_for_each_pull(request):
        items = blocking_upstream(key(request))
        async def events():
            while (item := await asyncio.to_thread(next, items, None)) is not None:
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    async def task_and_queue(request):
        waiting = asyncio.Queue(1)
        async def produce():
            async for item in upstream(key(request)):
                await waiting.put(item)
            await waiting.put(None)
        kept.append(asyncio.create_task(produce()))
        async def events():
            while (item := await waiting.get()) is not None:
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    async def chain_of_threads(request):
        first, second = queue.Queue(), queue.Queue()
        def take():
            for item in blocking_upstream(key(request)):
                first.put(item)
            first.put(None)
        def pass_on():
            while (item := first.get()) is not None:
                second.put(item)
            second.put(None)
        for work in (take, pass_on):
            threading.Thread(target=work).start()
        async def events():
            while (item := await asyncio.to_thread(second.get)) is not None:
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    async def polls_a_queue(request):
        waiting = queue.SimpleQueue()
        def take():
            for item in blocking_upstream(key(request)):
                waiting.put(item)
            waiting.put(None)
        threading.Thread(target=take).start()
        async def events():
            while True:
                while waiting.empty():
                    await asyncio.sleep(0.015)
                item = waiting.get()
                if item is None:
                    break
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    async def computes_in_a_thread(request):
        async def events():
            async for item in upstream(key(request)):
                await asyncio.to_thread(computes, 0.06)
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    async def computes_a_little(request):
        async def events():
            async for item in upstream(key(request)):
                computes(0.04)
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    async def large_items(request):
        async def events():
            async for item in upstream(key(request)):
                for _ in range(20):
                    yield f"data: {item * 5000}\\n"
                yield "\\n"
            yield DONE
        return stream(events())

    async def heartbeats(request):
        async def events():
            items = upstream(key(request))
            while True:
                pull = asyncio.ensure_future(anext(items, None))
                while not (await asyncio.wait([pull], timeout=0.01))[0]:
                    yield ": still there\\n\\n"
                if pull.result() is None:
                    break
                yield f"data: {pull.result()}\\n\\n"
            yield DONE
        return stream(events())

    pools = []

    async def worker_process(request):
        if not pools:
            pools.append(ProcessPoolExecutor(1))
        async def events():
            async for item in upstream(key(request)):
                await asyncio.get_running_loop().run_in_executor(pools[0], computes, 0.06)
                yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    async def starts_a_fork_server(request):
        # The call that starts a worker waits for the first bytes of a new interpreter.
        # The server ends with its request: a process that another request forks meanwhile would keep it alive.
        pool = ProcessPoolExecutor(1, mp_context=get_context("forkserver"))
        await asyncio.get_running_loop().run_in_executor(pool, abs, -1)
        pool.shutdown(wait=False)
        await asyncio.to_thread(forkserver._forkserver._stop)
        return await plain(request)

    one_at_a_time = asyncio.Lock()

    async def lock(request):
        async def events():
            async with one_at_a_time:
                async for item in upstream(key(request)):
                    yield f"data: {item}\\n\\n"
            yield DONE
        return stream(events())

    ways = (
        late_somewhere, plain, generator, thread_for_each_pull, task_and_queue, chain_of_threads, polls_a_queue,
        computes_in_a_thread, computes_a_little, large_items, heartbeats, worker_process, lock,
        starts_a_fork_server,
    )
    app = Starlette(routes=[Route("/" + way.__name__, way) for way in ways])
"""
RIGHT = (
    *("plain", "generator", "thread_for_each_pull", "task_and_queue", "chain_of_threads", "polls_a_queue"),
    *("computes_in_a_thread", "computes_a_little", "large_items", "heartbeats", "worker_process"),
    "starts_a_fork_server",
)
PLACES = {
    "before the head": "the request had been sent",
    "before a pull": "the request had been sent",
    "before an event": "item 1 had been given to it",
    "before the last event": "the upstream had come to its end",
    "before the end": "the upstream had come to its end",
    "in a batch": "item 1 had been given to it",
}
#: Seconds, far above the bound: how well 0.05 seconds are found depends on the load of the machine.
LATE = 0.3

numbers = count()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    file = tmp_path_factory.mktemp("app") / "app.py"
    file.write_text(textwrap.dedent(APP), "utf-8")
    with Rig(Launch(file), seed="a seed") as found:
        found.wait_until_ready()
        yield found


class Grade:
    """One check after the other, with one record."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.record = Record()
        self.sessions: list[Session] = []

    def session(self) -> Session:
        self.sessions.append(self._rig.session(f"check{next(numbers)}", Path(), title="a check"))
        return self.sessions[-1]

    def at_once(self, way: str, *, items: int = 3, **query: str) -> None:
        """A check that gives all items at once, and reads the whole response."""
        session = self.session()
        upstream = Upstream(session)
        upstream.give_all(["text"] * items)
        Client(session, self.record).get(f"/{way}", params={"key": upstream.key, **query}).wait_for_end()
        session.close()

    def step_by_step(self, way: str) -> None:
        """A check that gives each item when the one before has arrived, and waits for each pull."""
        session = self.session()
        upstream = Upstream(session)
        with Client(session, self.record).get(f"/{way}", params={"key": upstream.key}) as response:
            for number in (1, 2, 3):
                upstream.give("text")
                assert response.next_event().data.startswith("text")
                upstream.wait_for_pull(number + 1)
            upstream.end()
            response.events()
        session.close()


@pytest.fixture
def grade(rig: Rig) -> Iterator[Grade]:
    found = Grade(rig)
    yield found
    for session in found.sessions:
        session.close()


# -- late apps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_a_rest_is_found_wherever_it_is(grade: Grade, place: str) -> None:
    grade.at_once("late_somewhere", nap="sleeps", seconds=str(LATE), place=place)
    with pytest.raises(OutOfPace, match="nothing kept it") as told:
        grade.record.pace().has_no_rests()
    assert f"after {PLACES[place]}" in told.value.sentence
    assert told.value.response.check == "a check"
    grade.record.pace().never_blocks()


@pytest.mark.parametrize("place", PLACES)
def test_a_blocked_event_loop_is_found_with_its_line(grade: Grade, place: str) -> None:
    grade.at_once("late_somewhere", nap="blocks", seconds=str(LATE), place=place)
    with pytest.raises(OutOfPace, match="the event loop was blocked for 0") as told:
        grade.record.pace().never_blocks()
    assert "found = nap(float(seconds))" in told.value.sentence
    grade.record.pace().has_no_rests()


@pytest.mark.parametrize("seconds", ["0.25", "0.4"])
def test_an_event_loop_that_computes_on_and_on_is_found(grade: Grade, seconds: str) -> None:
    grade.at_once("late_somewhere", nap="computes", seconds=seconds, place="before an event", items=1)
    with pytest.raises(OutOfPace, match="the event loop computed without a pause for 0"):
        grade.record.pace().never_blocks()
    grade.record.pace().has_no_rests()


def test_many_short_rests_of_a_batch_do_not_fail_its_check(grade: Grade) -> None:
    """All together they are longer than any wait: each pull shows that the app goes on."""
    grade.at_once("late_somewhere", nap="sleeps", seconds=str(LATE), place="in a batch", items=9)
    with pytest.raises(OutOfPace, match=r"the app rested \d+ times"):
        grade.record.pace().has_no_rests()


def test_a_blocked_event_loop_fails_no_check_by_itself(grade: Grade) -> None:
    grade.at_once("late_somewhere", nap="blocks", seconds="0.8", place="before an event", items=1)


# -- right apps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", RIGHT)
def test_a_right_app_neither_rests_nor_blocks(grade: Grade, way: str) -> None:
    grade.at_once(way)
    grade.step_by_step(way)
    grade.record.pace().has_no_rests()
    grade.record.pace().never_blocks()


@pytest.mark.parametrize("way", RIGHT)
def test_a_busy_machine_changes_nothing(grade: Grade, way: str) -> None:
    with busy(8):
        for _ in range(3):
            grade.at_once(way)
            grade.step_by_step(way)
    grade.record.pace().has_no_rests()
    grade.record.pace().never_blocks()


def test_an_app_that_waits_for_another_request_does_not_rest(grade: Grade) -> None:
    """It should not wait for one; but that is for other checks to find, and not a delay by a clock."""
    session = grade.session()
    first, second = Upstream(session), Upstream(session)
    client = Client(session, grade.record)
    with client.get("/lock", params={"key": first.key}):
        first.wait_for_pull()
        second.give_all(["text"])
        response = client.get("/lock", params={"key": second.key})
        with pytest.raises(AssertionError):
            response.next_event()
    response.events()
    session.close()
    grade.record.pace().has_no_rests()


def test_a_client_that_does_not_read_holds_the_app_up(grade: Grade) -> None:
    session = grade.session()
    upstream = Upstream(session)
    response = Client(session, grade.record).request("GET", "/plain", params={"key": upstream.key}, slow=True)
    upstream.bytes_pulled_before_stalling(["text" * 1000] * 100)
    upstream.end()
    response.events()
    session.close()
    grade.record.pace().has_no_rests()


# -- the words ------------------------------------------------------------------------------------------------------


def sentences(rest: float, blockage: float) -> list[str]:
    """What is said of a rest and of a blockage for which so many seconds were measured."""
    response = cast("Recorded", None)
    pace = Pace(rests=[(response, Rest(rest, "it", 0))], blockages=[(response, Blockage(blockage, False, None, 0))])
    found = []
    for law in (pace.has_no_rests, pace.never_blocks):
        with pytest.raises(OutOfPace) as told:
            law()
        found.append(told.value.sentence)
    return found


def test_what_was_measured_a_little_short_is_told_as_the_bound() -> None:
    for words in sentences(0.041, 0.031):
        assert "for 0.05 s" in words
    for words in sentences(0.3, 0.3):
        assert "for 0.30 s" in words
