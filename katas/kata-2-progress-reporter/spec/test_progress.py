"""Kata 2: a long task reports its progress (WHATWG HTML 9.2, RFC 9457)."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import cycle, product, takewhile
from typing import Any

from grader.spec import Asked, Client, Disconnect, Draw, Pace, Recorded, Response, ServerSentEvent, Upstream, check, law

PATH = "/tasks"
STREAM = {"stream": "true"}
#: A heartbeat is due after 2 ms: short, so that checks of heartbeats need not wait for long.
BRISK = {"heartbeat": "0.002", "stream": "true"}
#: A heartbeat that is due after 50 ms: later than the next event of a stream that does not wait.
EASY = {"heartbeat": "0.05", "stream": "true"}
#: Heartbeats of that length beside a busy stream: one may come where a busy machine lets the other stream wait as well.
ENOUGH = 2
#: A heartbeat that is due after 200 ms: an app that looks at its step only when the next one is due rests for so long.
SLOW = {"stream": "true", "heartbeat": "0.2"}
#: A whole number of seconds, without a decimal point.
WHOLE = {"heartbeat": "1", "stream": "true"}
#: The greatest number of steps, as in README.md.
MOST_STEPS = 1000
#: Numbers of steps that are hard to divide by: 161 * (100 / 161), and the sum of 1000 such shares, are less than 100.
#: int(290 / 1000 * 100) is 28, which is one away from 29, and not wrong.
HARD_TO_DIVIDE = (161, MOST_STEPS)
#: What each browser sends: an app may compress its responses then, if it holds back none of their events.
COMPRESSING = {"Accept-Encoding": "gzip"}
AS_JSON = {"Content-Type": "application/json"}
#: What a client that reads streams sends, a browser's EventSource for one.
EVENT_SOURCE = {"Accept": "text/event-stream"}
#: A body in chunks (RFC 9112 7.1), whose media type has a parameter.
IN_CHUNKS = {"Content-Type": "application/json; charset=utf-8", "Transfer-Encoding": "chunked"}
#: Characters of a task's name, more than limits that people choose.
LONGEST = 66_000
#: More failures in a row than an app may take as a reason to ask no more.
FAILURES = 9
#: Failures in a row of one task, for which an app may then ask no more.
IN_A_ROW = 5
#: The clients that the contract names.
CALLERS = 32
#: A refusal may be a problem document, too: the contract leaves it open (RFC 9457 3).
JSON_TYPES = ("application/json", "application/problem+json")

#: What several checks require, word for word from README.md.
A_MODE = "The query alone decides between batch and stream, whatever header fields such as `Accept` say."
A_BATCH = "A batch sends `200`, `application/json` and all outcomes in order, when all steps are done and not before."
A_HEARTBEAT = (
    "Whenever nothing has been sent for `heartbeat` seconds because a step takes long, send a comment: a line that "
    "begins with a colon, such as `: still working`."
)
FOR_EACH_STEP = "That goes for each step, and for as long as it takes; more comments are never wrong."
A_FAILED_STREAM = (
    "In a stream, an event of type `error` replaces the missing `progress` event, and the stream ends cleanly, "
    "without a `result`."
)
A_DISCONNECT = (
    "When the client disconnects from a stream, end the task: the step in progress may be finished, and "
    "one more may have begun before your server noticed, but nothing is pulled after that."
)
MANY_CALLERS = "Up to 32 clients at once are served, in either mode, and no task waits for another one."
A_BAD_BODY = (
    "A body that is not an object with such a `task` and such `steps` is refused in both modes with `422`, as "
    "`application/json` or `application/problem+json`, and nothing is asked of the upstream."
)


def start(
    client: Client,
    upstream: Upstream,
    steps: int,
    params: dict[str, str] | None = None,
    *,
    headers: dict[str, str] | None = None,
    slow: bool = False,
    reuse: Response | None = None,
) -> Response:
    body = {"task": upstream.key, "steps": steps}
    return client.post(PATH, params=params, json=body, headers=headers, slow=slow, reuse=reuse)


def whole(response: Response) -> list[str]:
    """The outcomes in a whole response of either mode."""
    if response.content_type != "text/event-stream":
        return response.json(schema="outcomes")["outcomes"]
    return response.events()[-1].json(schema="outcomes")["outcomes"]


def done_in(event: ServerSentEvent) -> int:
    return event.json(schema="progress")["done"]


def told(event: ServerSentEvent) -> int:
    """The steps done, whatever else is wrong with a progress event: other checks are about that."""
    match event.json():
        case {"done": int() | float() as done}:  # 3.0 is an integer, too (JSON Schema Validation 2020-12, 6.1.1)
            return int(done)
    return 0


def bad_bodies(task: str, draw: Draw) -> Iterator[tuple[str, bytes]]:
    """What is wrong with a body, and the body. A number in text, 3.0, true and what is not UTF-8 are left open."""
    yield "that is empty", b""
    yield "that is not JSON", task.encode()
    good = {"task": task, "steps": 3}
    yield "that goes on after its object", as_json(good) + b" x"
    yield "that is JSON in a text", as_json(json.dumps(good))
    yield "with a comma before its end", as_json(good)[:-1] + b",}"
    yield "in single quotes", as_json(good).replace(b'"', b"'")
    yield "that is a list of one task", as_json([good])
    yield from ((f"that is {kind}", as_json(value)) for kind, value in one_of_each_type(draw.wrong_values(dict)))
    yield "without task", as_json({"steps": 3})
    yield "without steps", as_json({"task": task})
    for kind, value in one_of_each_type(draw.wrong_values(str)):
        yield f"whose task is {kind}", as_json({"task": value, "steps": 3})
    for kind, value in one_of_each_type(draw.wrong_values(int, bool, str)):
        yield f"whose steps are {kind}", as_json({"task": task, "steps": value})
    yield "whose steps are a word", as_json({"task": task, "steps": draw.word()})
    for number in (0, -1, 1001, draw.number(1002, 10**9), -draw.number(2, 10**9)):
        yield f"whose steps are {number}", as_json({"task": task, "steps": number})


def one_of_each_type(values: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    """One is enough: what counts is the type. The last of each, as the first ones may be false in Python."""
    return {type(value): (kind, value) for kind, value in values.items()}.values()


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def within_a_character(body: bytes) -> int:
    """How many bytes of a body come after the first byte of its last character that is not ASCII: a drawn key has one.

    Where a body is cut there, neither part is UTF-8 by itself.
    """
    return len(body) - max(place for place, byte in enumerate(body) if byte >= 0xC0) - 1


def a_message(draw: Draw) -> str:
    """Words of an upstream that fails: one line, with characters that careless code damages, and not short."""
    words = f'no  more “{draw.word()}”\tin C:\\café or\u00a0cafe\u0301, said "{draw.word()}" & <b>👩‍🚀</b>'
    places = f"(100% of %s and {{}}, {{0}}; see https://{draw.word()}.example:8443/x?y=1, 10.0.0.7:80, a@b.example)"
    return f"{words} {places}{''.join(draw.texts(30))} {draw.block(5000)}"


def must_be_refused(client: Client, upstream: Upstream, draw: Draw, params: dict[str, str] | None = None) -> None:
    upstream.fail()  # so that a body that is not refused is responded to as well
    accepted = cycle(({}, EVENT_SOURCE))
    responses = [
        (kind, client.post(PATH, params=params, content=body, headers={**AS_JSON, **next(accepted)}))
        for kind, body in bad_bodies(upstream.key, draw)
    ]
    for kind, response in responses:
        assert response.status == 422, f"status for a body {kind}"
        assert response.content_type in JSON_TYPES, f"media type for a body {kind}"
        response.json()
    assert upstream.openings == 0, "upstream connections for bodies that are refused"


# -- batch ------------------------------------------------------------------------------------------------------------


@check(points=2, requirement=A_BATCH)
def test_batch_answers_with_all_outcomes(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, all outcomes come in order in one JSON document"""
    outcomes = draw.texts(draw.number(3, 6))
    upstream.give_all(outcomes)
    response = start(client, upstream, len(outcomes))
    assert (response.status, response.content_type) == (200, "application/json"), (
        "status and media type without `stream`"
    )
    assert response.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the batch"


@check(points=2, after=test_batch_answers_with_all_outcomes, requirement=A_BATCH)
def test_batch_sends_nothing_early(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode nothing is sent before the last step is done"""
    upstream.give(*draw.texts(2))
    with start(client, upstream, 3, {"heartbeat": BRISK["heartbeat"]}) as response:
        upstream.wait_for_pull(3)
        upstream.outlast_timers()
        assert response.sent_meanwhile() == b"", "sent before the last step was done"


@check(
    points=1,
    after=test_batch_answers_with_all_outcomes,
    requirement=(
        "`stream=true` in the query asks for a stream of Server-Sent Events; without `stream`, or with `stream=false`, "
        "the response is a batch, one JSON document."
    ),
)
def test_stream_false_is_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the response to `stream=false` is a batch, too"""
    outcomes = draw.texts(2)
    upstream.give_all(outcomes)
    response = start(client, upstream, len(outcomes), {"stream": "false"})
    assert (response.status, response.content_type) == (200, "application/json"), (
        "status and media type for stream=false"
    )
    assert response.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the batch"


# -- stream -----------------------------------------------------------------------------------------------------------


@check(
    points=3,
    requirement=(
        "With `stream=true`, the response is `200` and `text/event-stream`, and it begins at once: the status "
        "and the header fields do not wait for the first step."
    ),
)
def test_stream_begins_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """with `stream=true` an event stream begins while the first step is still in progress"""
    for task, steps in ((upstream, 3), (upstream.another(), 1)):
        with start(client, task, steps, STREAM) as response:
            assert (response.status, response.content_type) == (200, "text/event-stream"), (
                "status and media type for stream=true"
            )
        task.give_all(draw.texts(steps))  # an app that blocks its loop is free again


@check(
    points=3,
    after=test_stream_begins_at_once,
    requirement=(
        "After each step comes one event of type `progress`, with the number of steps `done` and the `total` "
        "number of steps."
    ),
)
def test_one_progress_event_a_step(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each step is followed by one progress event, with the steps done and their total"""
    steps = draw.number(3, 6)
    upstream.give_all(draw.texts(steps))
    response = start(client, upstream, steps, STREAM)
    events = [response.next_event() for _ in range(steps)]
    assert [event.type for event in events] == ["progress"] * steps, "types of the events"
    found = [event.json(schema="progress") for event in events]
    counted = [[done, steps] for done in range(1, steps + 1)]
    assert [[data["done"], data["total"]] for data in found] == counted, "done and total of the events"


@check(
    points=4,
    after=test_one_progress_event_a_step,
    requirement="Each event is sent at once: it reaches the client before the next step is done.",
)
def test_each_step_is_told_as_it_is_done(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each progress event reaches the client before the next step is done"""
    steps = 4
    with start(client, upstream, steps, STREAM, headers=COMPRESSING) as response:
        for done, outcome in enumerate(draw.texts(steps), start=1):
            upstream.give(outcome)
            assert done_in(response.next_event()) == done, "steps done in the next event"


@check(
    points=2,
    after=test_each_step_is_told_as_it_is_done,
    requirement="Each event is sent at once: it reaches the client before the next step is done.",
)
def test_a_late_step_is_told_as_it_is_done(client: Client, upstream: Upstream, draw: Draw) -> None:
    """after hundreds of steps, too, each progress event reaches the client before the next step is done"""
    steps, done = draw.number(941, 999), 0
    with start(client, upstream, steps, STREAM) as response:  # an app may hold events back in long tasks only
        for before in (draw.prime(521, 577), steps - draw.number(3, 9)):  # or in the midst of them, or from there on
            upstream.give(*draw.texts(before - done))
            while told(response.next_event()) < before:  # that each step has an event is the subject of a law
                pass
            for done in (before + 1, before + 2):
                upstream.give(draw.word())
                assert done_in(response.next_event()) == done, "steps done in the next event"


@check(
    points=3,
    after=test_one_progress_event_a_step,
    requirement=(
        "After the last step comes an event of type `result`, whose data is what a batch would have sent; "
        "then the stream ends."
    ),
)
def test_result_ends_the_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """after the last step a result event carries all outcomes in order, and the stream ends cleanly"""
    for steps in (draw.number(3, 6), 2, 1):
        outcomes = draw.texts(steps)
        task = upstream.another()
        task.give_all(outcomes)
        events = start(client, task, steps, STREAM).events()
        assert [event.type for event in events] == ["progress"] * steps + ["result"], "types of all events"
        assert events[-1].json(schema="outcomes")["outcomes"] == outcomes, "outcomes in the result event"


# -- the upstream -----------------------------------------------------------------------------------------------------


@check(
    points=2,
    after=(test_batch_answers_with_all_outcomes, test_result_ends_the_stream),
    requirement="Pull one item at a time, and exactly as many as there are steps: the upstream never ends by itself.",
)
def test_no_step_too_many(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in both modes exactly as many items are pulled as there are steps"""
    for steps, (mode, params) in product((4, draw.prime(101, 199)), (("stream", STREAM), ("batch", None))):
        task = upstream.another()
        task.give_all(draw.texts(steps))
        start(client, task, steps, params).wait_for_end()
        assert task.pulls == steps, f"items that the {mode} pulled"


# -- heartbeat --------------------------------------------------------------------------------------------------------


@check(points=3, after=test_each_step_is_told_as_it_is_done, requirement=A_HEARTBEAT)
def test_a_long_step_is_bridged_by_a_heartbeat(client: Client, upstream: Upstream) -> None:
    """when a step takes longer than `heartbeat` seconds, a comment is sent before anything else"""
    with start(client, upstream, 3, BRISK) as response:
        upstream.wait_for_pull()
        response.next_comment()


def heartbeats_beside_a_busy_stream(client: Client, upstream: Upstream, draw: Draw) -> int:
    """How many heartbeats a stream that waits gets while another one has event after event, until there are enough.

    None is missing before there was time for 40, nor where the other stream is not served: other checks are about that.
    """
    waiting, heartbeats = upstream.another(), 0
    with start(client, waiting, 2, EASY) as response, suppress(AssertionError):
        waiting.wait_for_pull()
        over = time.monotonic() + 40 * float(EASY["heartbeat"])
        while time.monotonic() < over:
            for _ in events_of_another(client, upstream, draw):
                if response.has_comment():
                    response.next_comment()
                    heartbeats += 1
                if heartbeats == ENOUGH:
                    return ENOUGH
        return heartbeats
    return ENOUGH


def events_of_another(client: Client, upstream: Upstream, draw: Draw) -> Iterator[ServerSentEvent]:
    """Those of a task, each as soon as its step is done."""
    busy = upstream.another()
    with start(client, busy, 99, STREAM) as response:
        for outcome in draw.texts(98):
            busy.give(outcome)
            yield response.next_event()


def are_served_at_once(tasks: list[Upstream]) -> bool:
    """Where they are not, another check says so."""
    with suppress(AssertionError):
        tasks[0].wait_with(tasks[1:])
        return True
    return False


def heartbeats_outlast_others(client: Client, upstream: Upstream, draw: Draw) -> None:
    """Those of a stream go on when earlier ones end, fail or are left, and when a later one ends."""
    tasks = [upstream.another() for _ in range(4)]
    modes = zip(tasks, (STREAM, STREAM, STREAM, BRISK), strict=True)
    ended, failed, left, response = [start(client, task, 2, params) for task, params in modes]
    if are_served_at_once(tasks):
        response.next_comment()
        tasks[0].give_all(draw.texts(2))
        ended.wait_for_end()
        tasks[1].fail()
        failed.sent_meanwhile()  # how it ends is what another check is about
        for other in (failed, left):
            other.disconnect()
            other.wait_until_noticed()
        more_comments_must_come(response, draw)
        later = upstream.another()
        with start(client, later, 1, STREAM) as ends:
            later.give(*draw.texts(1))
            ends.wait_for_end()
        more_comments_must_come(response, draw)
    for other in (ended, failed, left, response):
        other.disconnect()


def more_comments_must_come(response: Response, draw: Draw) -> None:
    """Besides those that have come already; an app may send them faster than they are read."""
    for _ in range(500):
        if not response.has_comment():
            break
        response.next_comment()
    for _ in range(draw.number(4, 6)):
        response.next_comment()


@check(
    points=2,
    after=test_a_long_step_is_bridged_by_a_heartbeat,
    requirement=FOR_EACH_STEP,
)
def test_heartbeats_go_on(client: Client, upstream: Upstream, draw: Draw) -> None:
    """heartbeats go on for as long as the step takes"""
    with start(client, upstream, 3, BRISK) as response:
        response.next_comment()
        other = start(client, upstream.another(), 1, STREAM)  # its heartbeat is another one
        for _ in range(draw.number(101, 105)):  # more than any limit that people choose
            response.next_comment()
        other.disconnect()
    heartbeats_outlast_others(client, upstream, draw)
    heartbeats = heartbeats_beside_a_busy_stream(client, upstream, draw)
    assert heartbeats >= ENOUGH, "heartbeats of a stream that waits while another one has event after event"


@check(
    points=3,
    after=(test_heartbeats_go_on, test_result_ends_the_stream),
    requirement=(
        "The step itself goes on during heartbeats: its outcome must not be lost, and its work must not be done twice."
    ),
)
def test_heartbeats_disturb_no_step(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a step that takes several heartbeats is pulled only once, and its outcome is not lost"""
    outcomes = draw.texts(3)
    with start(client, upstream, len(outcomes), BRISK) as response:
        response.next_comment()
        response.next_comment()
        upstream.wait_for_pull()  # a pull in a thread may be later than the heartbeats
        assert upstream.pulls == 1, "items pulled during one step"
        upstream.give_all(outcomes)
        assert response.events()[-1].json(schema="outcomes")["outcomes"] == outcomes, "outcomes in the last event"


def a_heartbeat_is_due_after_a_second(client: Client, task: Upstream, draw: Draw) -> None:
    """Where the app has a timer, that is not waited for."""
    response = start(client, task, 2, WHOLE)
    task.give(*draw.texts(1))
    response.next_event()
    task.wait_for_pull(2)
    if not task.has_timer(within=1):
        response.next_comment(due=1)
    task.give_all(draw.texts(1))
    response.wait_for_end()


@check(points=2, after=test_heartbeats_disturb_no_step, requirement=FOR_EACH_STEP)
def test_a_later_step_has_heartbeats_as_well(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each later step that takes long has heartbeats as well as the first one, up to the last"""
    a_heartbeat_is_due_after_a_second(client, upstream.another(), draw)
    with start(client, upstream, 3, BRISK) as response:
        for number in (2, 3):
            upstream.give(*draw.texts(1))
            response.next_event()
            upstream.wait_for_pull(number)
            for _ in range(draw.number(3, 4)):
                response.next_comment()


# -- disconnect -------------------------------------------------------------------------------------------------------


@check(points=4, after=test_each_step_is_told_as_it_is_done, requirement=A_DISCONNECT)
def test_leaving_ends_the_work(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when the client disconnects during a step, at most one more step begins"""
    with start(client, upstream, 100, STREAM) as response:  # 100: an app that goes on has steps left to pull
        upstream.give(*draw.texts(2))
        response.next_event()
        response.next_event()
        upstream.wait_for_pull(3)
    assert upstream.pulls_after_disconnect() <= 1, "items pulled after the disconnect"


@check(points=2, after=test_each_step_is_told_as_it_is_done, requirement=A_DISCONNECT)
def test_a_broken_connection_ends_the_work(client: Client, upstream: Upstream) -> None:
    """when the connection is aborted during the first step, at most one more step begins"""
    with start(client, upstream, 100, STREAM) as response:
        assert response.status == 200, "status"
        upstream.wait_for_pull()
        response.disconnect(Disconnect.ABORT)
    assert upstream.pulls_after_disconnect(item="") <= 1, "items pulled after the disconnect"


@check(
    points=2,
    after=(test_a_later_step_has_heartbeats_as_well, test_leaving_ends_the_work),
    requirement="A client can disconnect in any step, also while heartbeats are sent.",
)
def test_leaving_during_heartbeats_ends_the_work(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when the client disconnects while heartbeats bridge a step, at most one more step begins"""
    before = draw.prime(101, 119)
    with start(client, upstream, before + 4, BRISK) as response:  # an app may finish a task that is nearly done
        upstream.give(*draw.texts(before))
        while told(response.next_event()) < before:  # that each step has an event is the subject of a law
            pass
        upstream.wait_for_pull(before + 1)
        response.next_comment()
        response.next_comment()
    assert upstream.pulls_after_disconnect() <= 1, "items pulled after the disconnect"


def left_after(client: Client, task: Upstream, outcomes: list[str], params: dict[str, str]) -> None:
    """A client leaves during the step after these, after a heartbeat if those are brisk."""
    with start(client, task, 100, params) as response:
        task.give(*outcomes)
        for _ in outcomes:
            response.next_event()
        task.wait_for_pull(len(outcomes) + 1)
        if params is BRISK:
            response.next_comment()


@check(
    points=3,
    after=(test_result_ends_the_stream, test_leaving_during_heartbeats_ends_the_work),
    requirement="Close the upstream connection when the client has disconnected, and at the end of every stream.",
)
def test_the_upstream_is_let_go(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when a stream has ended, or its client has disconnected, the upstream connection is closed"""
    for steps in (2, 1):
        task = upstream.another()
        task.give(*draw.texts(steps))
        start(client, task, steps, STREAM).wait_for_end()
        task.wait_for_close()
    for steps, params in product((3, 0), (STREAM, BRISK)):
        left_after(client, other := upstream.another(), draw.texts(steps), params)
        other.pulls_after_disconnect()  # finishes the step in progress, as a pull in a thread cannot be cancelled
        other.wait_for_close()


# -- failures ---------------------------------------------------------------------------------------------------------


def statuses_of_one_task(client: Client, task: Upstream, draw: Draw) -> list[int]:
    """Of a batch that works, and of those that fail: an app may have kept the outcomes, or may ask no more."""
    task.give_all(draw.texts(2))
    works = status_at_the_end(start(client, task, 2))
    task.fail()
    return [works, *(status_at_the_end(start(client, task, 2)) for _ in range(IN_A_ROW))]


def status_at_the_end(response: Response) -> int:
    """The status, once the response is whole: laws are asked of whole ones."""
    with suppress(AssertionError):  # that it ends is the subject of a law
        response.wait_for_end()
    return response.status


@check(
    points=2,
    after=test_batch_answers_with_all_outcomes,
    requirement=(
        "The problem document is an object with at least `title`, `status` (502) and `detail`, and the "
        "upstream's message is in `detail`."
    ),
)
def test_a_failed_batch_is_a_502(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode a step that fails gives 502 with a problem document that contains the upstream's message"""
    for done in (draw.number(2, 4), 1, *([0] * FAILURES)):
        words, task = a_message(draw), upstream.another()
        task.give(*draw.texts(done))
        task.fail(words)
        response = start(client, task, done + 2, headers={"Accept": "application/json" if done else "*/*"})
        assert (response.status, response.content_type) == (502, "application/problem+json"), (
            f"status and media type when step {done + 1} fails"
        )
        assert words in response.json(schema="problem")["detail"], "detail of the problem"
    seen = statuses_of_one_task(client, task, draw)
    assert seen == [200] + [502] * IN_A_ROW, "status when no step fails, and when one fails again and again"
    assert task.openings >= 2 + IN_A_ROW, "upstream connections for these requests of one task"


@check(points=4, after=test_result_ends_the_stream, requirement=A_FAILED_STREAM)
def test_a_failed_stream_ends_with_an_error(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in stream mode a step that fails gives an error event as the last one, and the stream ends cleanly"""
    for steps in (draw.number(3, 6), *([1] * FAILURES)):
        task = upstream.another()
        task.give(*draw.texts(steps - 1))
        task.fail(a_message(draw))
        events = start(client, task, steps, STREAM).events()
        assert [event.type for event in events] == ["progress"] * (steps - 1) + ["error"], "types of all events"
    task.give_all(outcomes := draw.texts(2))
    assert whole(start(client, task, 2, STREAM)) == outcomes, "outcomes of the same task when no step fails"
    task.fail()
    again = [[event.type for event in start(client, task, 2, STREAM).events()] for _ in range(IN_A_ROW)]
    assert again == [["error"]] * IN_A_ROW, "types of all events of the same task when a step fails again"
    assert task.openings >= 2 + IN_A_ROW, "upstream connections for these requests of one task"


@check(
    points=2,
    after=(test_a_later_step_has_heartbeats_as_well, test_a_failed_stream_ends_with_an_error),
    requirement="A first step that fails, and a step that fails after heartbeats, are reported in the same way.",
)
def test_a_failure_after_heartbeats_is_an_error(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in stream mode a step that fails after heartbeats gives an error event as well"""
    done = draw.prime(101, 119)
    with start(client, upstream, done + 2, BRISK) as response:
        upstream.give(*draw.texts(done))
        while told(response.next_event()) < done:  # that each step has an event is the subject of a law
            pass
        upstream.wait_for_pull(done + 1)
        response.next_comment()
        response.next_comment()
        upstream.fail()
        assert [event.type for event in response.events()] == ["error"], "types of the events after the heartbeats"


# -- many clients -----------------------------------------------------------------------------------------------------


def steps_beside_a_stalled_client(client: Client, upstream: Upstream, draw: Draw) -> list[int]:
    """The steps that a stream reports, one after the other, while another client does not read what is large."""
    large, other, found = upstream.another(), upstream.another(), []
    stalled = start(client, large, 40, STREAM, slow=True)
    large.bytes_pulled_before_stalling(draw.block(5000) for _ in range(40))
    with start(client, other, 10, STREAM) as response:
        for outcome in draw.texts(9):
            other.give(outcome)
            found.append(told(response.next_event()))
    large.give_all(draw.texts(40))  # an app whose events have the outcomes has not pulled all of those before
    stalled.wait_for_end()
    return found


@check(
    points=3,
    after=(test_batch_answers_with_all_outcomes, test_each_step_is_told_as_it_is_done),
    requirement=MANY_CALLERS,
)
def test_others_are_answered_beside_a_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a stream waits for a step, another task is worked on and gets its response"""
    outcomes = draw.texts(3)
    other = upstream.another()
    other.give_all(outcomes)
    with start(client, upstream, 3, STREAM) as held:
        upstream.wait_for_pull()
        response = start(client, other, len(outcomes))
        assert response.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the other task"
        upstream.outlast_timers()
        upstream.give_all(outcomes)
        held.wait_for_end()
    steps = steps_beside_a_stalled_client(client, upstream, draw)
    assert steps == [*range(1, 10)], "steps done beside a client that does not read"


@check(points=3, after=(test_batch_answers_with_all_outcomes, test_result_ends_the_stream), requirement=MANY_CALLERS)
def test_others_are_answered_beside_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a batch waits for a step, another task is worked on and gets its response"""
    outcomes = draw.texts(3)
    other = upstream.another()
    other.give_all(outcomes)
    with start(client, upstream, 3) as held:
        upstream.wait_for_pull()
        result = start(client, other, len(outcomes), STREAM).events()[-1]
        assert result.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the other task"
        upstream.outlast_timers()
        upstream.give_all(outcomes)
        held.wait_for_end()


@check(
    points=3,
    after=(test_each_step_is_told_as_it_is_done, test_result_ends_the_stream),
    requirement="Each response reports its own task only, also when two tasks have the same name.",
)
def test_each_stream_tells_of_its_own_task(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when three tasks run at the same time, each stream reports its own progress and its own result"""
    steps = {upstream: 2, upstream.another(): 4, upstream.another(): 3}
    outcomes = {task: draw.texts(count) for task, count in steps.items()}
    responses = {task: start(client, task, count, STREAM) for task, count in steps.items()}
    upstream.wait_with(task for task in steps if task is not upstream)
    for done in range(1, 5):
        for task in [task for task, count in steps.items() if done <= count]:
            task.give(outcomes[task][done - 1])
            data = responses[task].next_event().json(schema="progress")
            assert [data["done"], data["total"]] == [done, steps[task]], "done and total in the stream of one task"
    for task, response in responses.items():
        assert whole(response) == outcomes[task], "outcomes in the stream of one task"


def two_of_one_name(
    client: Client, task: Upstream, modes: tuple[dict[str, str] | None, ...] = (STREAM, STREAM)
) -> list[Response]:
    """Two tasks with the same name, of two steps each; the second is sent when the first waits for its step."""
    responses = []
    for number, params in enumerate(modes, start=1):
        responses.append(start(client, task, 2, params))
        task.wait_for_pull(number)
    return responses


@check(
    points=2,
    after=(test_no_step_too_many, test_others_are_answered_beside_a_batch, test_each_stream_tells_of_its_own_task),
    requirement="Each response reports its own task only, also when two tasks have the same name.",
)
def test_tasks_of_one_name_are_two_tasks(client: Client, upstream: Upstream, draw: Draw) -> None:
    """tasks of the same name are all worked on, whether they come together or one after the other, in both modes"""
    for modes in ((STREAM, STREAM), (STREAM, None), (None, None)):
        task = upstream.another()
        first, second, third = draw.texts(2), draw.texts(2), draw.texts(3)
        responses = two_of_one_name(client, task, modes)
        for number, outcome in enumerate((first[0], second[0], first[1]), start=3):
            task.give(outcome)  # goes to the one that has waited longer
            task.wait_for_pull(min(number, 4))
        assert whole(responses[0]) == first, "outcomes of the first of two tasks of one name"
        task.give(second[1])
        assert whole(responses[1]) == second, "outcomes of the second of two tasks of one name"
        task.give(*third)
        assert whole(start(client, task, 3, modes[0], reuse=responses[1])) == third, "outcomes of a third task"


def many_clients_leave(client: Client, upstream: Upstream, draw: Draw) -> None:
    """Half of them while heartbeats are sent, not so brisk ones that a busy machine is kept from all else."""
    tasks = [upstream.another() for _ in range(CALLERS)]
    modes = [EASY, STREAM] * (CALLERS // 2)
    responses = [start(client, task, 2, params) for task, params in zip(tasks, modes, strict=True)]
    tasks[0].wait_with(tasks[1:])
    for response, params in zip(responses, modes, strict=True):
        if params is not STREAM:
            response.next_comment()
        response.disconnect()
    responses[-1].wait_until_noticed()
    for task in tasks:
        task.give_all(draw.texts(2))  # a pull in a thread cannot be cancelled


def one_that_fails(client: Client, upstream: Upstream, params: dict[str, str] | None) -> None:
    """For what follows: an app that limits its callers may keep the place of one whose task failed."""
    failing = upstream.another()
    response = start(client, failing, 1, params)
    failing.wait_for_pull()
    failing.fail()
    response.sent_meanwhile()
    response.disconnect()  # it is none of the callers that follow
    response.wait_until_noticed()


def crowd(
    client: Client, upstream: Upstream, draw: Draw, *, steps: int, params: dict[str, str] | None = None
) -> tuple[list[Upstream], list[Response]]:
    """As many tasks as the contract names, all of which wait for their first step; one client, by the header fields."""
    one_that_fails(client, upstream, params)
    tasks, fields = [upstream.another() for _ in range(CALLERS)], draw.identity()
    responses = [start(client, task, steps, params, headers=fields) for task in tasks]
    tasks[0].wait_with(tasks[1:])
    return tasks, responses


def two_that_leave(client: Client, upstream: Upstream) -> None:
    """While their batches wait: an app that limits its callers may keep their places, though they are none any more."""
    for task in (upstream.another(), upstream.another()):
        response = start(client, task, 1)
        task.wait_for_pull()
        response.disconnect()
        response.wait_until_noticed()


@check(
    points=3,
    after=(
        test_heartbeats_disturb_no_step,
        test_others_are_answered_beside_a_stream,
        test_each_stream_tells_of_its_own_task,
    ),
    requirement=MANY_CALLERS,
)
def test_many_streams_run_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """32 streams at once are all worked on, also after 32 clients have left"""
    many_clients_leave(client, upstream, draw)
    tasks, responses = crowd(client, upstream, draw, steps=4, params=STREAM)
    for done in (1, 2, 3):  # an app that has much to do may hold back what is not the first
        for task in tasks:
            task.give(f"step {done}")
        assert [told(response.next_event()) for response in responses] == [done] * CALLERS, "steps done in the streams"
    for task in tasks:
        task.give(task.key)
    seen = [whole(response) for response in responses]
    assert seen == [["step 1", "step 2", "step 3", task.key] for task in tasks], "outcomes of the streams"


@check(
    points=3,
    after=(test_others_are_answered_beside_a_batch, test_no_step_too_many),
    requirement=MANY_CALLERS,
)
def test_many_batches_run_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """32 batches at once are all worked on"""
    two_that_leave(client, upstream)
    tasks, responses = crowd(client, upstream, draw, steps=1)
    for task in tasks:
        task.give(task.key)
    assert [whole(response) for response in responses] == [[task.key] for task in tasks], "outcomes of the batches"


def names(draw: Draw) -> dict[str, str]:
    """Names of tasks, of every class."""
    longest = f"{draw.word()} {draw.block(LONGEST)}"
    odd = f"slow, empty, fail-after-1 {draw.word()}"
    return {**draw.every_key(), f"of {LONGEST} characters": longest, "words of the stand-in": odd}


@check(
    points=2,
    after=(test_no_step_too_many, test_each_stream_tells_of_its_own_task),
    requirement="Pass `task` on exactly as it came, whatever characters are in it.",
)
def test_the_task_is_passed_on_unchanged(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in both modes the upstream is asked for the task exactly as it came, whatever characters are in it"""
    tasks = {kind: upstream.another(key) for kind, key in names(draw).items()}
    for params in (STREAM, None):
        responses = {kind: start(client, task, 1, params) for kind, task in tasks.items()}
        for kind, task in tasks.items():
            task.wait_for_pull(1 if params else 2)
            task.give(kind)
            assert responses[kind].status == 200, f"status for the task “{kind}”"
            assert whole(responses[kind]) == [kind], f"outcomes of the task “{kind}”"


def further_keys(draw: Draw) -> list[dict[str, Any]]:
    """Also those of the contract, in other letters, or within an object, where they are others."""
    own = {"outcomes": [], "done": 0, "total": 1, "percent": 7, "id": "x", "status": 200, "detail": "", "error": None}
    other = {"Task": draw.word(), "TASK": "", "Steps": 2, "STEPS": 0, "steps ": 1, "job": {"task": 7, "steps": "x"}}
    return [draw.every_extra(), draw.every_extreme(), {"stream": True, **own}, {"stream": False, **other}]


def must_obey_the_query(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A heartbeat in the body is a further key."""
    body = {"task": upstream.key, "steps": 4, "heartbeat": 900}
    with client.post(PATH, params=BRISK, json=body) as response:
        response.next_comment()
        upstream.give_all(draw.texts(4))
        response.wait_for_end()


@check(
    points=1,
    after=(test_no_step_too_many, test_heartbeats_disturb_no_step),
    requirement="Further keys of the body are ignored.",
)
def test_further_keys_are_ignored(client: Client, upstream: Upstream, draw: Draw) -> None:
    """further keys of the body are ignored in both modes"""
    must_obey_the_query(client, upstream, draw)
    for params, more in product((STREAM, None), further_keys(draw)):
        task, outcomes = upstream.another(), draw.texts(4)
        task.give_all(outcomes)
        body = {"task": task.key, "steps": 4}
        response = client.post(PATH, params=params, json={**more, **body} if params else {**body, **more})
        media_type = "text/event-stream" if params else "application/json"
        assert (response.status, response.content_type) == (200, media_type), (
            f"status and media type with {params or 'no query'} and a body with {json.dumps(more)}"
        )
        assert whole(response) == outcomes, "outcomes of a task whose body has further keys"


# -- bad bodies -------------------------------------------------------------------------------------------------------


@check(points=1, after=test_batch_answers_with_all_outcomes, requirement=A_BAD_BODY)
def test_bad_body_is_refused_in_batch_mode(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode a body without a task, or with a bad number of steps, is refused with 422, as JSON"""
    must_be_refused(client, upstream, draw)


@check(points=2, after=test_stream_begins_at_once, requirement=A_BAD_BODY)
def test_bad_body_is_refused_in_stream_mode(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in stream mode such a body is also refused with 422, as JSON, and not as a stream"""
    must_be_refused(client, upstream, draw, STREAM)


# -- laws -------------------------------------------------------------------------------------------------------------


def is_task(asked: Asked) -> bool:
    """Whether a request is valid, and has no further keys, which a check is about."""
    match asked.json:
        case {"task": str(), "steps": int(steps), **more}:
            return asked.path == PATH and 1 <= steps <= 1000 and not more
    return False


def is_stream(asked: Asked) -> bool:
    return is_task(asked) and asked.params.get("stream") == "true"


def is_event_stream(response: Recorded) -> bool:
    """Whether laws can read its events. That a stream is one is the subject of one law only."""
    return (response.status, response.content_type) == (200, "text/event-stream")


def events_of(response: Recorded) -> list[ServerSentEvent]:
    return response.events() if is_event_stream(response) else []


def progress_of(response: Recorded) -> list[ServerSentEvent]:
    return [event for event in events_of(response) if event.type == "progress"]


def in_turn(response: Recorded) -> list[ServerSentEvent]:
    """The progress events up to the first that reports another number of steps than its place: a law is about that."""
    numbered = enumerate(progress_of(response), start=1)
    return [event for number, event in takewhile(lambda each: told(each[1]) == each[0], numbered)]


def in_short(event: ServerSentEvent) -> str:
    """The type of an event, and of a progress event the steps done and their total."""
    if event.type != "progress":
        return event.type
    match event.json():
        case {"done": int() | float() as done, "total": int() | float() as total}:  # another law is about its percent
            return f"progress {done:g}/{total:g}"
    return str(event.json(schema="progress"))


def accept_something_else(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A batch for a client that would take a stream only, and the other way round; the body comes in two chunks."""
    types = ("application/json", "text/event-stream")
    for (params, (own, other)), refuses in product(((None, types), (STREAM, types[::-1])), (False, True)):
        task = upstream.another()
        headers = {**draw.every_field(), "Accept": [f"{own};q=0", other] if refuses else other, **IN_CHUNKS}
        body = as_json({"steps": 2, "task": task.key}) + b"\n"
        hold_back = 1 if refuses else within_a_character(body)  # of the one, the first part is whole JSON
        response = client.post(PATH, params=params, content=body, headers=headers, hold_back=hold_back)
        response.send_rest()
        task.give_all(draw.texts(2))
        assert response.status == 200, "status for a body in chunks, whatever other fields there are"
        response.body()


def rare_heartbeats(client: Client, upstream: Upstream, draw: Draw) -> None:
    """For clients of HTTP/1.0, as a proxy may be: in both modes, and the flag does not come first in the query.

    Any character of a query may be percent-encoded (RFC 3986 2.4).
    """
    for heartbeat, more in product(("1234.5678", "86400", "1234%2E5678"), ("", "&stream=true", "&%73tream=%74rue")):
        task = upstream.another()
        task.give_all(draw.texts(2))
        body = {"task": task.key, "steps": 2}
        client.post(f"{PATH}?heartbeat={heartbeat}{more}", json=body, http10=True).wait_for_end()


def many_steps(client: Client, upstream: Upstream, draw: Draw) -> None:
    """Outcomes of every class, and as many steps as there may be, in both modes."""
    for params, steps in (*((STREAM, steps) for steps in HARD_TO_DIVIDE), (None, MOST_STEPS)):
        many, most, kinds = upstream.another(), upstream.another(), list(draw.every_text().values())
        many.give_all([*kinds, *draw.texts(steps - len(kinds) - 2), "", ""])
        start(client, many, steps, params).wait_for_end()
        most.fail()
        assert start(client, most, MOST_STEPS, params).status != 422, f"status for {MOST_STEPS} steps"


def a_long_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """An app may send its outcomes as they come, to save memory."""
    task = upstream.another()
    task.give(*draw.texts(MOST_STEPS - 1))
    response = start(client, task, MOST_STEPS)
    with suppress(AssertionError):  # that so many steps are done is for the law to say
        task.wait_for_pull(MOST_STEPS)
    sent = response.sent_meanwhile() if task.pulls == MOST_STEPS else b""
    assert sent == b"", f"sent before the last of {MOST_STEPS} steps was done"
    task.give_all(draw.texts(1))
    response.wait_for_end()


def a_slow_heartbeat(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A step that is done between two heartbeats."""
    response = start(client, upstream, 2, SLOW)
    response.next_comment()
    upstream.give_all(draw.texts(2))
    response.wait_for_end()


@law(
    points=3,
    asks=(a_slow_heartbeat,),
    after=(test_heartbeats_disturb_no_step, test_each_step_is_told_as_it_is_done),
    requirement="The upstream sets the pace: add no delays of your own, that is, no rests of 50 ms or more.",
)
def test_it_adds_no_delays(pace: Pace) -> None:
    """your app adds no delays of its own, in whichever response"""
    pace.has_no_rests()


def a_run_of_spaces(client: Client, upstream: Upstream, draw: Draw) -> None:
    """In the name of a task, which has no others beside it: they would be allowed to take as long."""
    task = upstream.another(draw.every_key()["a long run of spaces"])
    task.give_all(draw.texts(1))
    start(client, task, 1, STREAM).wait_for_end()


@law(
    points=3,
    asks=(a_run_of_spaces,),
    after=(test_others_are_answered_beside_a_stream, test_others_are_answered_beside_a_batch),
    requirement=(
        "Nothing blocks the event loop for 50 ms (`time.sleep`), or computes in it for more than 100 ms at a stretch."
    ),
)
def test_nothing_blocks_the_event_loop(pace: Pace) -> None:
    """nothing blocks the event loop, in whichever response"""
    pace.never_blocks()


@law(
    points=2,
    of=is_task,
    whole=None,
    asks=(accept_something_else, rare_heartbeats),
    after=(
        test_stream_false_is_batch,
        test_stream_begins_at_once,
        test_the_task_is_passed_on_unchanged,
        test_a_failed_batch_is_a_502,
    ),
    requirement=A_MODE,
)
def test_the_query_alone_decides_the_mode(response: Recorded) -> None:
    """each valid request gets the mode that its query asks for, whatever its header fields are"""
    asked = response.asked.params.get("stream")
    media_type = "text/event-stream" if asked == "true" else "application/json"
    accepted = response.asked.headers["accept"]
    assert (response.status, response.content_type) == (200, media_type), (
        f"status and media type where stream is {asked or 'absent'} and Accept is {accepted}"
    )


@law(
    points=3,
    of=is_task,
    failing=None,
    asks=(many_steps, a_long_batch),
    after=(test_the_task_is_passed_on_unchanged, test_it_adds_no_delays, test_nothing_blocks_the_event_loop),
    requirement="`steps` is a whole number from 1 to 1000: the number of steps that the task has.",
)
def test_every_number_of_steps_is_done(response: Recorded) -> None:
    """in both modes all steps are done, whatever their number is, up to 1000"""
    steps = response.asked.json["steps"]
    assert response.status != 422, f"status for {steps} steps"
    if response.openings and response.failure is None:  # another check is about tasks that are not passed on
        last = response.items[-1:]
        assert len(response.items) == steps, f"steps that were done of {steps}, the last one with the outcome {last}"


def one_of_two_leaves(client: Client, upstream: Upstream, draw: Draw) -> None:
    """Two streams of tasks of one name: the client of the first leaves, the second is read to its end, then a third."""
    both = upstream.another()
    responses = two_of_one_name(client, both)
    both.give(*draw.texts(2))
    for response in responses:
        response.next_event()
    responses[0].disconnect()
    responses[0].wait_until_noticed()
    both.give_all(draw.texts(6))  # two may be pulled for the client that has left
    assert len(whole(responses[1])) == 2, "outcomes beside a stream of the same name that was left"
    both.give_all(draw.texts(2))
    start(client, both, 2, STREAM).wait_for_end()


@law(
    points=2,
    of=is_task,
    asks=(one_of_two_leaves,),
    after=(
        test_batch_answers_with_all_outcomes,
        test_each_stream_tells_of_its_own_task,
        test_tasks_of_one_name_are_two_tasks,
    ),
    requirement="Both modes send each outcome unchanged, whatever characters are in it.",
)
def test_both_modes_carry_the_same_outcomes(response: Recorded) -> None:
    """both modes carry the same outcomes, whatever characters are in them"""
    results = [event for event in events_of(response) if event.type == "result"]
    for event in results if response.openings else []:  # another check is about tasks that are not passed on
        assert event.json(schema="outcomes")["outcomes"] == response.items, "outcomes of the stream"
    if response.openings and (response.status, response.content_type) == (200, "application/json"):
        assert response.json(schema="outcomes")["outcomes"] == response.items, "outcomes of the batch"


def a_name_of_several_lines(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A heartbeat may name its task; then the name is not to become a field or an event."""
    name = "".join(f"{draw.word()}{ending}data: 1{ending}{ending}" for ending in ("\n", "\r", "\r\n")) + draw.word()
    task = upstream.another(name)
    response = start(client, task, 2, BRISK)
    response.next_comment()
    task.give_all(draw.texts(2))
    response.wait_for_end()


@law(
    points=3,
    of=is_stream,
    whole=None,
    failing=None,
    asks=(a_name_of_several_lines,),
    after=test_a_failure_after_heartbeats_is_an_error,
    requirement="There are no events of other types.",
)
def test_no_step_of_a_stream_is_left_out(response: Recorded) -> None:
    """each stream has one progress event for each step, then a result or an error, and no other events"""
    steps, done = response.asked.json["steps"], len(response.items)
    last = "result" if response.failure is None else "error"
    expected = [*(f"progress {number}/{steps}" for number in range(1, done + 1)), last]
    seen = [in_short(event) for event in events_of(response)]
    if response.openings and is_event_stream(response):  # other checks are about those that are not
        assert seen == (expected if response.is_whole else expected[: len(seen)]), "events of the stream"


@law(
    points=2,
    of=is_stream,
    whole=None,
    failing=None,
    after=test_one_progress_event_a_step,
    requirement="The `id` of each `progress` event is the number of steps done.",
)
def test_ids_count_the_steps(response: Recorded) -> None:
    """the id of each progress event is the number of steps done"""
    events = in_turn(response)
    assert [event.id for event in events] == [str(told(event)) for event in events], "ids of the events"


@law(
    points=2,
    of=is_stream,
    whole=None,
    failing=None,
    after=test_one_progress_event_a_step,
    requirement=(
        "`percent` is 100 * done / total, rounded to a whole number (up or down) or not at all; after the "
        "last step it is exactly 100."
    ),
)
def test_percent_ends_at_100(response: Recorded) -> None:
    """percent is at most one away from 100 * done / total, and exactly 100 after the last step"""
    for event in in_turn(response):
        data = event.json(schema="progress")
        percent, done, total = data["percent"], data["done"], response.asked.json["steps"]
        assert percent >= 100 * done / total - 1, f"percent after step {done} of {total}"
        assert percent <= 100 * done / total + 1, f"percent after step {done} of {total}"
        assert done != total or percent == 100, f"percent after step {done} of {total}"


@law(
    points=2,
    of=is_stream,
    whole=None,
    failing=None,
    after=test_each_step_is_told_as_it_is_done,
    requirement=(
        "A `retry` field comes no later than with the first `progress` event: the number of milliseconds, at least "
        "100, that a client waits before it connects again."
    ),
)
def test_retry_is_in_milliseconds(response: Recorded) -> None:
    """a retry field of at least 100 milliseconds comes with the first progress event of each stream, or before it"""
    for event in progress_of(response)[:1]:
        assert event.reconnection, "no retry field so far whose value consists of digits only"
    for event in events_of(response):
        assert (event.reconnection or 100) >= 100, "milliseconds of the retry field"


def two_of_one_name_fail(client: Client, upstream: Upstream, draw: Draw) -> None:
    """At the same time, the first of them after one step; then the task comes again."""
    both = upstream.another()
    responses = two_of_one_name(client, both)
    both.give(*draw.texts(1))
    both.wait_for_pull(3)
    both.fail()
    done = [response.events()[-1].json(schema="error")["done"] for response in responses]
    assert done == [1, 0], "steps done in the error events of two tasks of one name"
    both.give_all(draw.texts(2))
    start(client, both, 2, STREAM).wait_for_end()


@law(
    points=2,
    of=is_stream,
    failing=True,
    asks=(two_of_one_name_fail,),
    after=(test_a_failure_after_heartbeats_is_an_error, test_tasks_of_one_name_are_two_tasks),
    requirement=(
        "The data of the `error` event is a JSON object: `detail`, one line that contains the upstream's "
        "message, and `done`, the number of steps done before."
    ),
)
def test_the_error_says_what_went_wrong(response: Recorded) -> None:
    """the error event holds the number of steps done before, and the upstream's message in one line"""
    error = response.events()[-1].json(schema="error")
    assert error["done"] == len(response.items), "steps done in the error event"
    assert response.failure in error["detail"], "detail of the error event"
    assert "\n" not in error["detail"], "detail of the error event"


@law(
    points=2,
    of=is_task,
    whole=None,
    failing=None,
    after=(test_no_step_too_many, test_heartbeats_disturb_no_step),
    requirement="Open the upstream once for each request: a step that fails is not tried again.",
)
def test_the_upstream_is_opened_once(response: Recorded) -> None:
    """each request opens the upstream once, also when a step fails"""
    assert response.openings <= 1, "upstream connections for one request"
