"""Kata 2: a long task reports its progress (WHATWG HTML 9.2, RFC 9457)."""

from grader.spec import Client, Draw, Farewell, Reply, Upstream, check

PATH = "/tasks"
STREAM = {"stream": "true"}
#: A heartbeat that is due after 10 ms without news.
BRISK = {"stream": "true", "heartbeat": "0.01"}
#: RFC 9457's own media type is as good for a refusal as plain JSON.
JSON_TYPES = ("application/json", "application/problem+json")


def start(client: Client, upstream: Upstream, steps: int, params: dict[str, str] | None = None) -> Reply:
    return client.post(PATH, params=params, json={"task": upstream.key, "steps": steps})


def bad_bodies(upstream: Upstream) -> list[dict[str, object]]:
    task = {"task": upstream.key}
    return [{"steps": 3}, task, {**task, "steps": 0}, {**task, "steps": 1001}, {**task, "steps": "many"}]


@check(points=2, hint="Pull one item for each step, collect them in a list, and return a dict.")
def test_batch_answers_with_all_outcomes(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, all outcomes come in order in one JSON document"""
    outcomes = draw.texts(draw.number(3, 6))
    upstream.give_all(outcomes)
    reply = start(client, upstream, len(outcomes))
    assert (reply.status, reply.content_type) == (200, "application/json"), "status and media type without `stream`"
    assert reply.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the batch"


@check(
    points=2,
    after=test_batch_answers_with_all_outcomes,
    hint="A batch that has begun to answer can no longer say 502. Collect first, then return.",
)
def test_batch_sends_nothing_early(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode nothing is sent before the last step is done"""
    upstream.give(*draw.texts(2))
    with start(client, upstream, 3) as reply:
        upstream.wait_for_pull(3)
        assert reply.sent_meanwhile() == b"", "sent before the last step was done"


@check(
    points=1,
    after=test_batch_answers_with_all_outcomes,
    hint="Declare `stream: bool = False`: as a plain string, even “false” is true.",
)
def test_stream_false_is_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """`stream=false` is answered as a batch, too"""
    outcomes = draw.texts(2)
    upstream.give_all(outcomes)
    reply = start(client, upstream, len(outcomes), {"stream": "false"})
    assert (reply.status, reply.content_type) == (200, "application/json"), "status and media type for stream=false"
    assert reply.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the batch"


@check(
    points=3,
    rule="WHATWG HTML 9.2.3",
    hint="Return the StreamingResponse first; do the work inside its generator.",
)
def test_stream_begins_at_once(client: Client, upstream: Upstream) -> None:
    """with `stream=true` an event stream begins while the first step is still under way"""
    with start(client, upstream, 3, STREAM) as reply:
        assert (reply.status, reply.content_type) == (200, "text/event-stream"), "status and media type for stream=true"


@check(
    points=3,
    after=test_stream_begins_at_once,
    rule="WHATWG HTML 9.2.6",
    hint='Each event is `event: progress`, a `data: {"done": 1, "total": 3, "percent": 33}` and a blank line.',
)
def test_one_progress_event_a_step(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each step is followed by one progress event, with the steps done and their total"""
    steps = draw.number(3, 6)
    upstream.give_all(draw.texts(steps))
    reply = start(client, upstream, steps, STREAM)
    events = [reply.next_event() for _ in range(steps)]
    assert [event.type for event in events] == ["progress"] * steps, "types of the events"
    told = [event.json(schema="progress") for event in events]
    counted = [[done, steps] for done in range(1, steps + 1)]
    assert [[data["done"], data["total"]] for data in told] == counted, "done and total of the events"


@check(
    points=2,
    after=test_one_progress_event_a_step,
    rule="WHATWG HTML 9.2.6",
    hint="Write an `id: 1` line into the event of step 1, and so on.",
)
def test_ids_count_the_steps(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the id of each progress event is the number of steps done"""
    steps = draw.number(3, 6)
    upstream.give_all(draw.texts(steps))
    reply = start(client, upstream, steps, STREAM)
    ids = [reply.next_event().id for _ in range(steps)]
    assert ids == [str(done) for done in range(1, steps + 1)], "ids of the events"


@check(
    points=2,
    after=test_one_progress_event_a_step,
    hint="Compute it afresh each time, 100 * done / total: what is added up step by step ends at 98 or so.",
)
def test_percent_ends_at_100(client: Client, upstream: Upstream, draw: Draw) -> None:
    """percent is less than one off 100 * done / total, and exactly 100 after the last step"""
    steps = 3 * draw.number(2, 4)
    upstream.give_all(draw.texts(steps))
    reply = start(client, upstream, steps, STREAM)
    for done in range(1, steps + 1):
        percent = reply.next_event().json(schema="progress")["percent"]
        assert percent > 100 * done / steps - 1, f"percent after step {done} of {steps}"
        assert percent < 100 * done / steps + 1, f"percent after step {done} of {steps}"
    assert percent == 100, "percent after the last step"


@check(
    points=2,
    after=test_one_progress_event_a_step,
    rule="WHATWG HTML 9.2.6",
    hint="Three seconds are `retry: 3000`: digits alone, no unit.",
)
def test_retry_is_in_milliseconds(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a retry field of at least 100 milliseconds comes with the first event or before it"""
    upstream.give(*draw.texts(1))
    with start(client, upstream, 3, STREAM) as reply:
        reply.next_event()
        assert reply.retry, "no retry field of digits alone has come so far"
        assert reply.retry >= 100, "milliseconds of the retry field"


@check(
    points=4,
    after=test_one_progress_event_a_step,
    hint="Something holds the events back: a list that is filled first, a buffer, a middleware.",
)
def test_each_step_is_told_as_it_is_done(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each progress event reaches the client before the next step is done"""
    steps = 4
    with start(client, upstream, steps, STREAM) as reply:
        for done, outcome in enumerate(draw.texts(steps), start=1):
            upstream.give(outcome)
            assert reply.next_event().json(schema="progress")["done"] == done, "steps done in the next event"


@check(
    points=3,
    after=test_one_progress_event_a_step,
    hint="After the loop: yield an event with `event: result`, then let the generator return.",
)
def test_result_ends_the_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """after the last step a result event carries all outcomes in order, and the stream ends cleanly"""
    outcomes = draw.texts(draw.number(3, 6))
    upstream.give_all(outcomes)
    events = start(client, upstream, len(outcomes), STREAM).events()
    assert [event.type for event in events] == ["progress"] * len(outcomes) + ["result"], "types of all events"
    assert events[-1].json(schema="outcomes")["outcomes"] == outcomes, "outcomes in the result event"


@check(
    points=2,
    after=(test_batch_answers_with_all_outcomes, test_result_ends_the_stream),
    hint="`async for` asks once more after the last step, to learn that there is no more: leave the loop before.",
)
def test_no_step_too_many(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in both modes the upstream is asked for exactly as many items as there are steps"""
    outcomes = draw.texts(4)
    batch = upstream.another()
    upstream.give_all(outcomes)
    batch.give_all(outcomes)
    start(client, upstream, len(outcomes), STREAM).wait_for_end()
    assert upstream.pulls == len(outcomes), "items that the stream asked the upstream for"
    start(client, batch, len(outcomes)).wait_for_end()
    assert batch.pulls == len(outcomes), "items that the batch asked the upstream for"


@check(
    points=2,
    after=(test_batch_answers_with_all_outcomes, test_result_ends_the_stream),
    hint="Let json.dumps do the escaping, and change nothing about the text: no strip(), no splitlines().",
)
def test_both_modes_carry_the_same_outcomes(client: Client, upstream: Upstream, draw: Draw) -> None:
    """both modes carry the same outcomes, whatever characters are in them"""
    outcomes = draw.awkward_texts()
    batch = upstream.another()
    upstream.give_all(outcomes)
    batch.give_all(outcomes)
    result = start(client, upstream, len(outcomes), STREAM).events()[-1]
    assert result.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the stream"
    reply = start(client, batch, len(outcomes))
    assert reply.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the batch"


@check(
    points=3,
    after=test_each_step_is_told_as_it_is_done,
    rule="WHATWG HTML 9.2.7",
    hint="asyncio.wait({step}, timeout=heartbeat) comes back in time, whether the step is done or not.",
)
def test_a_long_step_is_bridged_by_a_heartbeat(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when a step takes longer than `heartbeat` seconds, a comment line goes out before anything else"""
    upstream.give(*draw.texts(1))
    with start(client, upstream, 3, BRISK) as reply:
        reply.next_event()
        upstream.wait_for_pull(2)
        reply.next_comment()


@check(
    points=2,
    after=test_a_long_step_is_bridged_by_a_heartbeat,
    rule="WHATWG HTML 9.2.7",
    hint="One comment is not enough: wait for the step again, in a loop, until it is done.",
)
def test_heartbeats_go_on(client: Client, upstream: Upstream) -> None:
    """heartbeats go on for as long as the step takes"""
    with start(client, upstream, 3, BRISK) as reply:
        for _ in range(4):
            reply.next_comment()


@check(
    points=3,
    after=(test_heartbeats_go_on, test_result_ends_the_stream),
    hint="asyncio.wait_for() cancels what it waits for; asyncio.wait() does not. A thread cannot be cancelled at all.",
)
def test_heartbeats_disturb_no_step(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a step that heartbeats have bridged is asked for only once, and its outcome is not lost"""
    outcomes = draw.texts(3)
    with start(client, upstream, len(outcomes), BRISK) as reply:
        reply.next_comment()
        reply.next_comment()
        assert upstream.pulls == 1, "items asked for during one step"
        upstream.give_all(outcomes)
        assert reply.events()[-1].json(schema="outcomes")["outcomes"] == outcomes, "outcomes in the last event"


@check(
    points=4,
    after=test_each_step_is_told_as_it_is_done,
    hint="Whatever you started besides the response, a task or a thread, has to end with it: see `finally`.",
)
def test_leaving_ends_the_work(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when the client leaves while a step is under way, at most one more step is begun"""
    with start(client, upstream, 100, STREAM) as reply:
        upstream.give(*draw.texts(2))
        reply.next_event()
        reply.next_event()
        upstream.wait_for_pull(3)
    assert upstream.pulls_after_leaving() <= 1, "items asked for after the client had left"


@check(
    points=2,
    after=test_each_step_is_told_as_it_is_done,
    hint="It is the same for the app: the work must end with the response.",
)
def test_a_broken_connection_ends_the_work(client: Client, upstream: Upstream) -> None:
    """when the connection breaks during the very first step, at most one more step is begun"""
    with start(client, upstream, 100, STREAM) as reply:
        assert reply.status == 200, "status"
        upstream.wait_for_pull()
        reply.leave(Farewell.RST)
    assert upstream.pulls_after_leaving() <= 1, "items asked for after the client had left"


@check(
    points=3,
    after=(test_result_ends_the_stream, test_leaving_ends_the_work),
    hint="`async with upstream(task) as steps` closes it, whatever happens; so does aclose() in a `finally`.",
)
def test_the_upstream_is_let_go(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when a stream is over, or its client has left, the connection to the upstream is closed"""
    other = upstream.another()
    upstream.give(*draw.texts(2))
    start(client, upstream, 2, STREAM).wait_for_end()
    upstream.wait_for_release()
    with start(client, other, 100, STREAM) as reply:
        other.give(*draw.texts(1))
        reply.next_event()
        other.wait_for_pull(2)
    other.give(*draw.texts(2))  # a step under way in a thread can only be finished, and one more may have begun
    other.wait_for_release()


@check(
    points=3,
    after=(test_batch_answers_with_all_outcomes, test_each_step_is_told_as_it_is_done),
    rule="FastAPI: concurrency",
    hint="A blocking pull inside `async def` stops everybody: use `await`, or a thread of the task's own.",
)
def test_others_are_answered_beside_a_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a stream waits for a step, another task is worked on and answered"""
    outcomes = draw.texts(3)
    other = upstream.another()
    other.give_all(outcomes)
    with start(client, upstream, 3, STREAM):
        upstream.wait_for_pull()
        reply = start(client, other, len(outcomes))
        assert reply.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the other task"


@check(
    points=3,
    after=(test_batch_answers_with_all_outcomes, test_result_ends_the_stream),
    rule="FastAPI: concurrency",
    hint="A batch waits as long as a stream does. If its pulls block, they belong into `def` or a thread.",
)
def test_others_are_answered_beside_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a batch waits for a step, another task is worked on and answered"""
    outcomes = draw.texts(3)
    other = upstream.another()
    other.give_all(outcomes)
    with start(client, upstream, 3):
        upstream.wait_for_pull()
        result = start(client, other, len(outcomes), STREAM).events()[-1]
        assert result.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the other task"


@check(
    points=3,
    after=(test_each_step_is_told_as_it_is_done, test_result_ends_the_stream),
    hint="What belongs to one task must not live in the module: keep it in local variables.",
)
def test_each_stream_tells_of_its_own_task(client: Client, upstream: Upstream, draw: Draw) -> None:
    """of two tasks at once, each stream tells its own progress and its own result"""
    other = upstream.another()
    ours, theirs = draw.texts(2), draw.texts(2)
    with start(client, upstream, 2, STREAM) as reply, start(client, other, 3, STREAM) as second:
        upstream.wait_for_pull()
        other.wait_for_pull()
        for done in (1, 2):
            upstream.give(ours[done - 1])
            assert reply.next_event().json(schema="progress")["done"] == done, "steps done of the first task"
            other.give(theirs[done - 1])
            assert second.next_event().json(schema="progress")["done"] == done, "steps done of the second task"
        upstream.end()
        assert reply.next_event().json(schema="outcomes")["outcomes"] == ours, "outcomes of the first task"


@check(
    points=1,
    after=test_batch_answers_with_all_outcomes,
    rule="RFC 9110 15.5.21",
    hint="Describe the body with a Pydantic model: `steps: int = Field(ge=1, le=1000)`. FastAPI refuses the rest.",
)
def test_bad_body_is_refused_in_batch_mode(client: Client, upstream: Upstream) -> None:
    """in batch mode a body without a task, or with a bad number of steps, is refused with 422, as JSON"""
    for body in bad_bodies(upstream):
        reply = client.post(PATH, json=body)
        assert reply.status == 422, "status for a bad body"
        assert reply.content_type in JSON_TYPES, "media type for a bad body"
        reply.json()


@check(
    points=2,
    after=test_stream_begins_at_once,
    rule="RFC 9110 15.5.21",
    hint="A generator runs after the 200 has left. Look at the body before you make the response.",
)
def test_bad_body_is_refused_in_stream_mode(client: Client, upstream: Upstream) -> None:
    """in stream mode such a body is refused in the same way: with 422, as JSON, and no stream"""
    for body in bad_bodies(upstream):
        reply = client.post(PATH, params=STREAM, json=body)
        assert reply.status == 422, "status for a bad body"
        assert reply.content_type in JSON_TYPES, "media type for a bad body"
        reply.json()


@check(
    points=2,
    after=test_batch_answers_with_all_outcomes,
    rule="RFC 9457 3",
    hint='except UpstreamError: return JSONResponse({...}, 502, media_type="application/problem+json")',
)
def test_a_failed_batch_is_a_502(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode a step that fails gives 502 with a problem document that holds the upstream's words"""
    words, done = f"no more {draw.word()}", draw.number(1, 3)
    upstream.give(*draw.texts(done))
    upstream.fail(words)
    reply = start(client, upstream, done + 2)
    assert (reply.status, reply.content_type) == (502, "application/problem+json"), (
        "status and media type when a step fails"
    )
    assert words in reply.json(schema="problem")["detail"], "detail of the problem"


@check(
    points=4,
    after=test_result_ends_the_stream,
    hint="Once the 200 has left, an exception can only cut the stream off. Catch it, yield an error event, and return.",
)
def test_a_failed_stream_ends_with_an_error(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in stream mode a step that fails gives an error event as the last one, and the stream ends cleanly"""
    steps = draw.number(3, 6)
    upstream.give(*draw.texts(steps - 1))
    upstream.fail()
    events = start(client, upstream, steps, STREAM).events()
    assert [event.type for event in events] == ["progress"] * (steps - 1) + ["error"], "types of all events"


@check(
    points=2,
    after=test_a_failed_stream_ends_with_an_error,
    hint='{"detail": str(error), "done": len(outcomes)}. A traceback is for your log, not for your clients.',
)
def test_the_error_says_what_went_wrong(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the error event holds the steps done before, and the upstream's words in one line"""
    words, done = f"no more {draw.word()}", draw.number(1, 3)
    upstream.give(*draw.texts(done))
    upstream.fail(words)
    error = start(client, upstream, done + 2, STREAM).events()[-1].json(schema="error")
    assert error["done"] == done, "steps done in the error event"
    assert words in error["detail"], "detail of the error event"
    assert "\n" not in error["detail"], "detail of the error event"
