"""The upstream end against real servers: what it counts tells right apps from wrong ones."""

from __future__ import annotations

import itertools
import sys
import textwrap
import time
from collections.abc import Iterator

import pytest

from grader.errors import Violation
from grader.grading.rig import Rig
from grader.probe import leaving, stalling
from grader.probe.client import Client
from grader.probe.connection import Disconnect
from grader.probe.response import Response
from grader.probe.session import Session
from grader.probe.upstream import Upstream
from grader.protocol.transcript import Act, Lane, Transcript
from grader.serving.launch import Launch

DEADLINE = 60.0  # seconds
#: One endpoint a way of streaming; each streams the items of the upstream that the query names, an event an item.
APP = """
    import asyncio, threading, time
    from uvicorn.protocols.http import h11_impl
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route
    from grader.kit import UpstreamError, blocking_upstream, upstream

    kept = []

    def stream(events):
        return StreamingResponse(events, media_type="text/event-stream")

    async def right(request):
        async def events():
            try:
                async with upstream(request.query_params["key"]) as items:
                    async for item in items:
                        yield f"data: {item}\\n\\n"
            except UpstreamError as error:
                yield f"event: error\\ndata: {error}\\n\\n"
        return stream(events())

    async def reads_ahead(request):
        queue = asyncio.Queue()
        async def produce():
            async for item in upstream(request.query_params["key"]):
                queue.put_nowait(item)
        kept.append(asyncio.create_task(produce()))
        async def events():
            while True:
                yield f"data: {await queue.get()}\\n\\n"
        return stream(events())

    async def reads_ahead_with_rests(request):
        queue = asyncio.Queue()
        async def produce():
            async for item in upstream(request.query_params["key"]):
                queue.put_nowait(item)
                await asyncio.sleep(0.2)
        kept.append(asyncio.create_task(produce()))
        async def events():
            while True:
                yield f"data: {await queue.get()}\\n\\n"
        return stream(events())

    async def reads_ahead_with_long_rests(request):
        queue = asyncio.Queue()
        async def produce():
            async for item in upstream(request.query_params["key"]):
                queue.put_nowait(item)
                await asyncio.sleep(1.2)
        kept.append(asyncio.create_task(produce()))
        async def events():
            while True:
                yield f"data: {await queue.get()}\\n\\n"
        return stream(events())

    asked = [0.0]
    known = h11_impl.H11Protocol.data_received
    def data_received(self, data):
        asked[0] = time.monotonic() if data.startswith(b"are you there") else asked[0]
        known(self, data)
    h11_impl.H11Protocol.data_received = data_received

    async def rests_while_asked(request):
        "It sees each control request, because it shares its process with the server."
        queue = asyncio.Queue()
        async def produce():
            async for item in upstream(request.query_params["key"]):
                queue.put_nowait(item)
                while time.monotonic() - asked[0] < 0.6:
                    await asyncio.sleep(0.02)
        kept.append(asyncio.create_task(produce()))
        async def events():
            while True:
                yield f"data: {await queue.get()}\\n\\n"
        return stream(events())

    async def gives_up_silent_upstreams(request):
        async def events():
            async with upstream(request.query_params["key"]) as items:
                while True:
                    try:
                        yield f"data: {await asyncio.wait_for(anext(items), 0.7)}\\n\\n"
                    except TimeoutError:
                        yield "event: gone\\ndata: \\n\\n"
                        return
        return stream(events())

    async def sends_a_heartbeat_from_a_thread(request):
        "Each 15 seconds: the kernel shows that the thread waits for a time, and not for which."
        over = threading.Event()
        threading.Thread(target=over.wait, args=(15,), daemon=True).start()
        async def events():
            try:
                async for item in upstream(request.query_params["key"]):
                    yield f"data: {item}\\n\\n"
            finally:
                over.set()
        return stream(events())

    async def sends_a_comment_after_a_second(request):
        async def events():
            pull = asyncio.ensure_future(anext(upstream(request.query_params["key"])))
            await asyncio.wait({pull}, timeout=1)
            yield ": late\\n\\n"
            await pull
        return stream(events())

    async def sends_a_comment_after_a_second_in_a_thread(request):
        def events():
            over = threading.Event()
            pull = lambda: (next(blocking_upstream(request.query_params["key"])), over.set())
            threading.Thread(target=pull, daemon=True).start()
            over.wait(1)
            yield ": late\\n\\n"
            over.wait()
        return stream(events())

    async def gives_up_slow_clients(request):
        "Raw ASGI: a write that takes longer than a second ends the response."
        async def send_all(scope, receive, send):
            kind = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": kind})
            try:
                async for item in upstream(request.query_params["key"]):
                    body = f"data: {item}\\n\\n".encode()
                    await asyncio.wait_for(send({"type": "http.response.body", "body": body, "more_body": True}), 1.0)
            except TimeoutError:
                pass
            await send({"type": "http.response.body"})
        return send_all

    def in_a_thread(request):
        def events():
            for item in blocking_upstream(request.query_params["key"]):
                yield f"data: {item}\\n\\n"
        return stream(events())

    async def keeps_it_open(request):
        async def events():
            items = upstream(request.query_params["key"])
            kept.append(items)
            yield f"data: {await anext(items)}\\n\\n"
            await asyncio.Event().wait()
        return stream(events())

    async def forgets_a_cycle(request):
        import gc
        gc.disable()  # so that only the grader's asking can free it
        items = upstream(request.query_params["key"])
        items.itself = items
        return PlainTextResponse(await anext(items))

    few = asyncio.Semaphore(2)

    async def two_at_a_time(request):
        async with few:
            items = upstream(request.query_params["key"])
            return PlainTextResponse("".join([item async for item in items]))

    async def blocks(request):
        try:
            return PlainTextResponse("".join(blocking_upstream(request.query_params["key"])))
        except UpstreamError as error:
            return PlainTextResponse(str(error))

    async def asks_for_another(request):
        try:
            await anext(upstream(request.query_params["key"].upper()))
        except UpstreamError:
            return PlainTextResponse("")

    lock = asyncio.Lock()

    async def one_at_a_time(request):
        async def events():
            async with lock:
                async for item in upstream(request.query_params["key"]):
                    yield f"data: {item}\\n\\n"
        return stream(events())

    async def one_behind(request):
        async def events():
            last = ""
            async for item in upstream(request.query_params["key"]):
                if last:
                    yield f"data: {last}\\n\\n"
                last = item
        return stream(events())

    async def looks_now_and_then(request):
        queue = asyncio.Queue()
        async def produce():
            items = upstream(request.query_params["key"])
            number = 0
            async for item in items:
                queue.put_nowait(item)
                number += 1
                if number % 4 == 0 and await request.is_disconnected():
                    break
            await items.aclose()
        kept.append(asyncio.create_task(produce()))
        async def events():
            while True:
                yield f"data: {await queue.get()}\\n\\n"
        return stream(events())

    comments = (sends_a_comment_after_a_second, sends_a_comment_after_a_second_in_a_thread)
    threads = (*comments, sends_a_heartbeat_from_a_thread, in_a_thread)
    even_more = (*threads, rests_while_asked, gives_up_slow_clients, reads_ahead_with_long_rests, keeps_it_open)
    more_ways = (*even_more, one_at_a_time, two_at_a_time, one_behind, looks_now_and_then, gives_up_silent_upstreams)
    ways = (*more_ways, right, reads_ahead, reads_ahead_with_rests, forgets_a_cycle, blocks, asks_for_another)
    app = Starlette(routes=[Route("/" + way.__name__, way) for way in ways])
"""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    file = tmp_path_factory.mktemp("app") / "app.py"
    file.write_text(textwrap.dedent(APP), "utf-8")
    with Rig(Launch(file), seed="a seed") as found:
        found.wait_until_ready()
        yield found


@pytest.fixture
def session(rig: Rig, request: pytest.FixtureRequest) -> Iterator[Session]:
    found = rig.session(request.node.name, request.path.parent)
    yield found
    found.close()


@pytest.fixture
def upstream(session: Session) -> Upstream:
    return Upstream(session)


def ask(session: Session, way: str, upstream: Upstream, *, slow: bool = False) -> Response:
    return Client(session).request("GET", f"/{way}", params={"key": upstream.key}, slow=slow)


def data(response: Response, count: int) -> list[str]:
    return [response.next_event().data for _ in range(count)]


# -- the gate -------------------------------------------------------------------------------------------------------


def test_each_item_goes_through_when_the_specification_says_so(session: Session, upstream: Upstream) -> None:
    with ask(session, "right", upstream) as response:
        for number, text in enumerate(["one", "two", "three"], start=1):
            upstream.give(text)
            assert data(response, 1) == [text]
            upstream.wait_for_pull(number + 1)
            assert upstream.pulls == number + 1
        assert upstream.given_bytes == len("onetwothree")
        upstream.end()
        assert response.events() == []
        upstream.wait_for_close()


def test_a_gate_is_opened_shut_and_ended(session: Session, upstream: Upstream) -> None:
    with ask(session, "right", upstream) as response:
        upstream.flow(map(str, itertools.count()))
        assert data(response, 50) == [str(number) for number in range(50)]
        upstream.shut()
        upstream.give_all(["after it"])
        *rest, last = [event.data for event in response.events()]
        assert (rest, last) == ([str(number) for number in range(50, 50 + len(rest))], "after it")


def test_many_requests_are_served_at_the_same_time(session: Session, upstream: Upstream) -> None:
    others = [upstream.another() for _ in range(31)]
    responses = [ask(session, "right", each) for each in (upstream, *others)]
    upstream.wait_with(others)
    for each in (upstream, *others):
        each.give_all([each.key])
    assert [response.next_event().data for response in responses] == [each.key for each in (upstream, *others)]


def test_requests_that_wait_for_others_are_counted(session: Session, upstream: Upstream) -> None:
    others = [upstream.another() for _ in range(3)]
    for each in (upstream, *others):
        ask(session, "two_at_a_time", each)
    with pytest.raises(Violation, match="all 4 requests at the same time; seen: 2 of them; the others wait"):
        upstream.wait_with(others)


def test_of_a_blocked_app_that_is_said(session: Session, upstream: Upstream) -> None:
    other = upstream.another()
    for each in (upstream, other):
        ask(session, "blocks", each)
    with pytest.raises(Violation, match="seen: 1 of them; its event loop is blocked"):
        upstream.wait_with([other])
    upstream.end()


def test_an_app_that_rests_between_its_pulls_is_waited_for(session: Session, upstream: Upstream) -> None:
    upstream.give(*"abcdef")
    with ask(session, "reads_ahead_with_rests", upstream):
        upstream.wait_for_pull(7)
        assert upstream.pulls == 7


def test_a_failure_reaches_the_app(session: Session, upstream: Upstream) -> None:
    upstream.give("one")
    upstream.fail("out of paper")
    events = ask(session, "right", upstream).events()
    assert [(event.type, event.data) for event in events] == [("message", "one"), ("error", "out of paper")]


def test_two_upstreams_of_a_check_do_not_mix(session: Session, upstream: Upstream) -> None:
    other = upstream.another()
    assert other.key != upstream.key
    other.give_all(["other's"])
    with ask(session, "right", upstream) as held:
        assert [event.data for event in ask(session, "right", other).events()] == ["other's"]
        upstream.give("its own")
        assert data(held, 1) == ["its own"]


def test_both_ends_are_in_one_transcript(session: Session, upstream: Upstream) -> None:
    upstream.give_all(["é"])
    ask(session, "right", upstream).events()
    upstream.wait_for_close()
    told = [(entry.lane, entry.act) for entry in session.transcript.entries()]
    own = [act for lane, act in told if lane is Lane.UPSTREAM]
    assert own == [Act.OPENED, Act.PULLED, Act.GAVE, Act.PULLED, Act.FINISHED, Act.CLOSED]
    assert told[0] == (Lane.CLIENT, Act.SENT)
    assert told.index((Lane.UPSTREAM, Act.GAVE)) < told.index((Lane.CLIENT, Act.CHUNK))


def test_streams_are_numbered_through_the_whole_check(session: Session, upstream: Upstream) -> None:
    other = upstream.another()
    for each in (upstream, other):
        each.give_all(["one"])
        ask(session, "right", each).events()
        each.wait_for_close()
    entries = session.transcript.entries()
    opened = [(entry.stream, entry.detail) for entry in entries if entry.act is Act.OPENED]
    assert opened == [(1, upstream.key), (2, other.key)]
    assert [entry.stream for entry in entries if entry.act is Act.CLOSED] == [1, 2]


def test_the_transcript_tells_the_size_of_a_whole_item(session: Session, upstream: Upstream) -> None:
    upstream.give_all(["é" * 8192])
    ask(session, "right", upstream).events()
    gave = next(entry for entry in session.transcript.entries() if entry.act is Act.GAVE)
    assert (gave.size, len(gave.data)) == (16384, Transcript.KEEP)


# -- when the client leaves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", Disconnect)
@pytest.mark.parametrize("waiting", [True, False], ids=["while idle", "in mid-burst"])
def test_a_right_app_pulls_at_most_once_more(
    how: Disconnect, waiting: bool, session: Session, upstream: Upstream
) -> None:
    with ask(session, "right", upstream) as response:
        upstream.give("one") if waiting else upstream.flow(map(str, itertools.count()))
        response.next_event()
        response.disconnect(how)
        assert upstream.pulls_after_disconnect() <= 1
        upstream.wait_for_close()
        assert upstream.is_closed


@pytest.mark.parametrize("how", Disconnect)
@pytest.mark.parametrize("way", ["right", "in_a_thread"])
def test_an_app_that_closes_its_connection_is_not_watched_for_long(
    how: Disconnect, way: str, session: Session, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "_WATCHED", DEADLINE)
    began = time.monotonic()
    with ask(session, way, upstream) as response:
        upstream.give("one")
        response.next_event()
        response.disconnect(how)
        assert upstream.pulls_after_disconnect() <= 1
        assert upstream.is_closed
    assert time.monotonic() - began < DEADLINE


def test_an_app_that_keeps_its_connection_and_pulls_no_more_is_watched_for_a_while(
    session: Session, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "_WATCHED", 0.1)
    with ask(session, "keeps_it_open", upstream) as response:
        upstream.give("one")
        response.next_event()
    assert upstream.pulls_after_disconnect() == 0
    assert not upstream.is_closed


def test_an_app_that_rests_for_long_between_its_pulls_pulls_on(session: Session, upstream: Upstream) -> None:
    with ask(session, "reads_ahead_with_long_rests", upstream) as response:
        upstream.give("one")
        response.next_event()
    assert upstream.pulls_after_disconnect() >= 3


@pytest.mark.parametrize("way", ["reads_ahead", "reads_ahead_with_rests"])
@pytest.mark.parametrize("how", Disconnect)
def test_an_app_that_does_not_notice_pulls_on(how: Disconnect, way: str, session: Session, upstream: Upstream) -> None:
    with ask(session, way, upstream) as response:
        upstream.give("one")
        response.next_event()
        response.disconnect(how)
        assert upstream.pulls_after_disconnect() >= 3


def test_an_app_that_keeps_its_stream_is_told_so(session: Session, upstream: Upstream) -> None:
    with ask(session, "reads_ahead", upstream) as response:
        upstream.give("one")
        response.next_event()
    with pytest.raises(Violation, match="still open: 1 connection; it waits for an item"):
        upstream.wait_for_close()


def test_what_only_waits_for_the_collector_counts_as_let_go(session: Session, upstream: Upstream) -> None:
    upstream.give("one")
    assert ask(session, "forgets_a_cycle", upstream).body() == b"one"
    upstream.wait_for_close()


# -- when the client stops reading ----------------------------------------------------------------------------------


def test_a_right_app_stalls_with_its_client_and_loses_nothing(session: Session, upstream: Upstream) -> None:
    texts = [f"{number:05} " + "x" * 1000 for number in range(2000)]
    with ask(session, "right", upstream, slow=True) as response:
        pulled = upstream.bytes_pulled_before_stalling(texts)
        assert 1000 < pulled < 400_000
        assert data(response, len(texts)) == texts


def test_an_app_without_backpressure_pulls_everything(session: Session, upstream: Upstream) -> None:
    texts = ["x" * 1000] * 2000
    with ask(session, "reads_ahead", upstream, slow=True):
        assert upstream.bytes_pulled_before_stalling(texts) == 2_000_000


@pytest.mark.parametrize("way", ["reads_ahead_with_rests", "reads_ahead_with_long_rests", "rests_while_asked"])
def test_an_app_that_reads_ahead_slowly_does_not_stall(
    way: str, session: Session, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalling, "_WATCHED", 3.0)
    with ask(session, way, upstream, slow=True), pytest.raises(Violation, match="and it still pulls"):
        upstream.bytes_pulled_before_stalling(["x" * 10_000] * 2000)


def test_more_than_enough_bytes_are_enough(session: Session, upstream: Upstream) -> None:
    with ask(session, "reads_ahead_with_rests", upstream, slow=True):
        assert 20_000 < upstream.bytes_pulled_before_stalling(["x" * 10_000] * 2000, enough=20_000) < 2_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not known which timers an app has set")
def test_an_app_that_gives_up_a_client_is_given_the_time_to_do_so(session: Session, upstream: Upstream) -> None:
    response = ask(session, "gives_up_slow_clients", upstream, slow=True)
    pulled = upstream.bytes_pulled_before_stalling(["x" * 10_000] * 200)
    assert len("".join(event.data for event in response.events())) < pulled


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not known which timers an app has set")
@pytest.mark.parametrize(("way", "event"), [("right", "message"), ("gives_up_silent_upstreams", "gone")])
def test_an_app_that_gives_up_its_upstream_is_given_the_time_to_do_so(
    way: str, event: str, session: Session, upstream: Upstream
) -> None:
    with ask(session, way, upstream) as response:
        upstream.give("one")
        assert response.next_event().data == "one"
        upstream.wait_for_pull(2)
        upstream.outlast_timers()
        upstream.give("two")
        assert response.next_event().type == event


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not known which timers an app has set")
@pytest.mark.parametrize("way", ["right", "gives_up_silent_upstreams", "sends_a_heartbeat_from_a_thread"])
def test_a_timer_of_the_app_is_seen_where_its_length_is_known(way: str, session: Session, upstream: Upstream) -> None:
    with ask(session, way, upstream):
        upstream.give("one")
        upstream.wait_for_pull(2)
        assert upstream.has_timer(within=6) is (way == "gives_up_silent_upstreams")
        assert not upstream.has_timer(within=0.01)


@pytest.mark.parametrize("way", ["sends_a_comment_after_a_second", "sends_a_comment_after_a_second_in_a_thread"])
def test_a_comment_that_is_due_later_is_waited_for(way: str, session: Session, upstream: Upstream) -> None:
    with ask(session, way, upstream) as response:
        upstream.wait_for_pull(1)
        if way == "sends_a_comment_after_a_second":
            assert sys.platform != "linux" or upstream.has_timer(within=1)
        assert response.next_comment(due=1) == " late"


# -- what does not come ---------------------------------------------------------------------------------------------


def test_pulls_that_do_not_come_are_told(session: Session, upstream: Upstream) -> None:
    with ask(session, "right", upstream), pytest.raises(Violation) as told:
        upstream.wait_for_pull(2)
    assert told.value.finding.expected == "pull 2 from the upstream"
    assert told.value.finding.seen == "1 pull; it waits for an item"


def test_an_app_that_has_not_opened_the_upstream_is_told(session: Session, upstream: Upstream) -> None:
    with pytest.raises(Violation) as told:
        upstream.wait_for_pull()
    assert told.value.finding.seen == "0 pulls; it has not opened an upstream connection"


def test_a_key_that_no_request_named_is_told(session: Session, upstream: Upstream) -> None:
    with ask(session, "asks_for_another", upstream), pytest.raises(Violation) as told:
        upstream.wait_for_pull()
    assert f"it asked for “{upstream.key.upper()}” instead" in told.value.finding.seen


def test_a_blocked_loop_is_told_with_its_line(session: Session, upstream: Upstream) -> None:
    ask(session, "blocks", upstream)
    upstream.wait_for_pull()
    with pytest.raises(Violation, match="its event loop is blocked") as told:
        upstream.wait_for_close()
    assert told.value.finding.place is not None
    assert told.value.finding.place.function == "blocks"
    assert "blocking_upstream" in told.value.finding.place.text


# -- after the check ------------------------------------------------------------------------------------------------


def test_after_the_check_what_is_still_asked_for_fails(rig: Rig, session: Session) -> None:
    """Or a blocked app could not answer the next check."""
    first = rig.session("first", session.schemas)
    upstream = Upstream(first)
    ask(first, "blocks", upstream)
    upstream.wait_for_pull()
    first.close()
    other = Upstream(session)
    other.give_all(["answered"])
    assert ask(session, "right", other).next_event().data == "answered"


# -- what explains a failure ----------------------------------------------------------------------------------------


def test_a_response_has_the_first_word(session: Session, upstream: Upstream) -> None:
    Client(session).get("/elsewhere", params={"key": upstream.key})
    with pytest.raises(Violation) as told:
        upstream.wait_for_pull()
    assert told.value.sentence.startswith("the app responded 404 text/plain: Not Found, and has not pulled item 1")
    assert next(iter(session.hints().values())).startswith("There is no GET /elsewhere: the app has GET /")


def test_a_request_that_waits_for_another_is_not_blamed_on_the_loop(session: Session, upstream: Upstream) -> None:
    other = upstream.another()
    with ask(session, "one_at_a_time", upstream):
        upstream.wait_for_pull()
        with pytest.raises(Violation, match="while another request waits for its item") as told:
            ask(session, "one_at_a_time", other).next_event()
    assert "a lock, a semaphore" in told.value.finding.hint


def test_a_late_event_has_its_own_hint_whatever_the_check_is_about(session: Session, upstream: Upstream) -> None:
    upstream.give("one")
    with ask(session, "one_behind", upstream) as response, pytest.raises(Violation) as told:
        response.next_event()
    assert told.value.finding.hint.startswith("The app has the item, and pulls the next one before")


def test_an_app_that_notices_late_is_said_to_notice(session: Session, upstream: Upstream) -> None:
    with ask(session, "looks_now_and_then", upstream) as response:
        upstream.give("one")
        response.next_event()
        upstream.wait_for_pull(2)
    assert upstream.pulls_after_disconnect() == 2
    upstream.wait_for_close()
    assert "only after 2 more items" in session.remarks()[0]


def test_an_upstream_that_is_asked_instead_of_a_refusal_is_said_so(session: Session, upstream: Upstream) -> None:
    ask(session, "asks_for_another", upstream).wait_for_end()
    assert "instead of refusing the request" in session.remarks(is_refusal=True)[0]
    assert "pass the request's text on unchanged" in session.remarks()[0]
