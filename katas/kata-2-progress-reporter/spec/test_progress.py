"""Kata 2: a long task reports its progress (WHATWG HTML 9.2, RFC 9457)."""

from grader.spec import Client, Disconnect, Draw, Response, Upstream, check

PATH = "/tasks"
STREAM = {"stream": "true"}
#: A heartbeat that is due after 10 ms without news.
BRISK = {"stream": "true", "heartbeat": "0.01"}
#: RFC 9457's own media type is as good for a refusal as plain JSON.
JSON_TYPES = ("application/json", "application/problem+json")


def start(client: Client, upstream: Upstream, steps: int, params: dict[str, str] | None = None) -> Response:
    return client.post(PATH, params=params, json={"task": upstream.key, "steps": steps})


def bad_bodies(upstream: Upstream) -> list[dict[str, object]]:
    task = {"task": upstream.key}
    return [{"steps": 3}, task, {**task, "steps": 0}, {**task, "steps": 1001}, {**task, "steps": "many"}]


@check(
    points=2,
    hint=(
        (
            "A batch waits for everything before it says anything. How many items that is, and in what shape they "
            "go, is in the contract."
        ),
        "Pull one item for each step, and no more; collect them in a list, and return a dict.",
        'With items = upstream(task): return {"outcomes": [await anext(items) for _ in range(steps)]}',
    ),
)
def test_batch_answers_with_all_outcomes(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, all outcomes come in order in one JSON document"""
    outcomes = draw.texts(draw.number(3, 6))
    upstream.give_all(outcomes)
    response = start(client, upstream, len(outcomes))
    assert (response.status, response.content_type) == (200, "application/json"), (
        "status and media type without `stream`"
    )
    assert response.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the batch"


@check(
    points=2,
    after=test_batch_answers_with_all_outcomes,
    hint=(
        "The status goes first, and for good: a batch that has begun to answer can no longer say 502.",
        "Collect first, then return: a dict or a JSONResponse made from the full list, and no StreamingResponse.",
        'outcomes = [await anext(items) for _ in range(steps)], and only then return {"outcomes": outcomes}',
    ),
)
def test_batch_sends_nothing_early(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode nothing is sent before the last step is done"""
    upstream.give(*draw.texts(2))
    with start(client, upstream, 3) as response:
        upstream.wait_for_pull(3)
        assert response.sent_meanwhile() == b"", "sent before the last step was done"


@check(
    points=1,
    after=test_batch_answers_with_all_outcomes,
    hint=(
        "What a query holds is text, and “false” is text that is there: to Python that is as true as “true”.",
        "Let FastAPI parse it: declared as bool, with False as its default, the parameter is what its text says.",
        'Declare `stream: bool = False`; without FastAPI, compare: request.query_params.get("stream") == "true"',
    ),
)
def test_stream_false_is_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """`stream=false` is answered as a batch, too"""
    outcomes = draw.texts(2)
    upstream.give_all(outcomes)
    response = start(client, upstream, len(outcomes), {"stream": "false"})
    assert (response.status, response.content_type) == (200, "application/json"), (
        "status and media type for stream=false"
    )
    assert response.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the batch"


@check(
    points=3,
    rule="WHATWG HTML 9.2.3",
    hint=(
        "A stream begins before there is anything to tell, and a header field tells the client how to read it.",
        (
            "Return the StreamingResponse first; do the work inside its generator. It needs the media type of event "
            "streams."
        ),
        (
            'return StreamingResponse(report(body, heartbeat), media_type="text/event-stream"), and all pulls inside '
            "report()"
        ),
    ),
)
def test_stream_begins_at_once(client: Client, upstream: Upstream) -> None:
    """with `stream=true` an event stream begins while the first step is still under way"""
    with start(client, upstream, 3, STREAM) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream"), (
            "status and media type for stream=true"
        )


@check(
    points=3,
    after=test_stream_begins_at_once,
    rule="WHATWG HTML 9.2.6",
    hint=(
        "An event's type is a field of its own, not a part of its data. And after the first step, one step is done.",
        'Each event is `event: progress`, a `data: {"done": 1, "total": 3, "percent": 33}` and a blank line.',
        (
            'yield f"event: progress\\ndata: {json.dumps(progress)}\\n\\n" after each step, with a `done` that runs '
            "from 1 to `total`"
        ),
    ),
)
def test_one_progress_event_a_step(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each step is followed by one progress event, with the steps done and their total"""
    steps = draw.number(3, 6)
    upstream.give_all(draw.texts(steps))
    response = start(client, upstream, steps, STREAM)
    events = [response.next_event() for _ in range(steps)]
    assert [event.type for event in events] == ["progress"] * steps, "types of the events"
    told = [event.json(schema="progress") for event in events]
    counted = [[done, steps] for done in range(1, steps + 1)]
    assert [[data["done"], data["total"]] for data in told] == counted, "done and total of the events"


@check(
    points=2,
    after=test_one_progress_event_a_step,
    rule="WHATWG HTML 9.2.6",
    hint=(
        (
            "A client that connects again sends the last id it saw: a field of the event, not its data, that says "
            "how far it came."
        ),
        "Write an `id` line into each progress event, beside `event` and `data`: 1 for step 1, and so on.",
        'f"event: progress\\nid: {done}\\ndata: {json.dumps(progress)}\\n\\n"; a library takes id=str(done)',
    ),
)
def test_ids_count_the_steps(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the id of each progress event is the number of steps done"""
    steps = draw.number(3, 6)
    upstream.give_all(draw.texts(steps))
    response = start(client, upstream, steps, STREAM)
    ids = [response.next_event().id for _ in range(steps)]
    assert ids == [str(done) for done in range(1, steps + 1)], "ids of the events"


@check(
    points=2,
    after=test_one_progress_event_a_step,
    hint=(
        "Rounding comes last: shares rounded one by one end at 96 or so. And a fraction of 1 is not yet percent.",
        "Compute it afresh after each step, from the steps done and the total; multiply by 100 before you round.",
        '"percent": 100 * done // total, or round(100 * done / total)',
    ),
)
def test_percent_ends_at_100(client: Client, upstream: Upstream, draw: Draw) -> None:
    """percent is less than one off 100 * done / total, and exactly 100 after the last step"""
    steps = 3 * draw.number(2, 4)
    upstream.give_all(draw.texts(steps))
    response = start(client, upstream, steps, STREAM)
    for done in range(1, steps + 1):
        percent = response.next_event().json(schema="progress")["percent"]
        assert percent > 100 * done / steps - 1, f"percent after step {done} of {steps}"
        assert percent < 100 * done / steps + 1, f"percent after step {done} of {steps}"
    assert percent == 100, "percent after the last step"


@check(
    points=2,
    after=test_one_progress_event_a_step,
    rule="WHATWG HTML 9.2.6",
    hint=(
        (
            "A retry is for a connection that breaks on the way. What comes late, or in a unit of your own, helps no "
            "client then."
        ),
        (
            "Send it first of all, or as a line of the first event, and let no buffer hold it back. Browsers read "
            "whole milliseconds."
        ),
        (
            'Three seconds are `retry: 3000`: digits alone, no unit. For instance yield "retry: 3000\\n\\n" before the '
            "loop."
        ),
    ),
)
def test_retry_is_in_milliseconds(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a retry field of at least 100 milliseconds comes with the first event or before it"""
    upstream.give(*draw.texts(1))
    with start(client, upstream, 3, STREAM) as response:
        response.next_event()
        assert response.retry, "no retry field of digits alone has come so far"
        assert response.retry >= 100, "milliseconds of the retry field"


@check(
    points=4,
    after=test_one_progress_event_a_step,
    hint=(
        "Progress is news: once the next step is done, it is old. Where does a finished event wait, and for what?",
        (
            "Something holds the events back: a list that is filled first, a buffer, a middleware, a pull that comes "
            "too early."
        ),
        (
            "Inside the loop, yield the event right after its outcome has come, and before the next anext(items) or "
            "next(items)."
        ),
    ),
)
def test_each_step_is_told_as_it_is_done(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each progress event reaches the client before the next step is done"""
    steps = 4
    with start(client, upstream, steps, STREAM) as response:
        for done, outcome in enumerate(draw.texts(steps), start=1):
            upstream.give(outcome)
            assert response.next_event().json(schema="progress")["done"] == done, "steps done in the next event"


@check(
    points=3,
    after=test_one_progress_event_a_step,
    hint=(
        "100 percent is no answer yet: the client wants the outcomes, and drops an event that no blank line ends.",
        (
            "After the loop: yield an event with `event: result`, then let the generator return. Its data is what "
            "the batch answers."
        ),
        (
            'data = json.dumps({"outcomes": outcomes}), then yield f"event: result\\ndata: {data}\\n\\n" as the last '
            "thing of all"
        ),
    ),
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
    hint=(
        "Every pull begins a step, wanted or not. Does your loop know that it has all before it pulls, or only after?",
        (
            "`async for` asks once more after the last step, to learn whether there is more, and so does `for`: "
            "leave the loop before."
        ),
        (
            "`for _ in range(steps): outcome = await anext(items)`, or `if len(outcomes) == steps: break` at the end "
            "of the body"
        ),
    ),
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
    hint=(
        (
            "Outcomes may hold anything: quotes, backslashes, line ends, blanks at both ends, emoji. None of it is "
            "yours to change."
        ),
        "Let json.dumps do the escaping, and change nothing about the text: no strip(), no splitlines().",
        'data = json.dumps({"outcomes": outcomes}) for the event; for the batch return {"outcomes": outcomes}',
    ),
)
def test_both_modes_carry_the_same_outcomes(client: Client, upstream: Upstream, draw: Draw) -> None:
    """both modes carry the same outcomes, whatever characters are in them"""
    outcomes = draw.awkward_texts()
    batch = upstream.another()
    upstream.give_all(outcomes)
    batch.give_all(outcomes)
    result = start(client, upstream, len(outcomes), STREAM).events()[-1]
    assert result.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the stream"
    response = start(client, batch, len(outcomes))
    assert response.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the batch"


@check(
    points=3,
    after=test_each_step_is_told_as_it_is_done,
    rule="WHATWG HTML 9.2.7",
    hint=(
        (
            "Waiting must not silence you for longer than this request allows. What you say then is no event, as "
            "nothing is done yet."
        ),
        (
            "asyncio.wait({step}, timeout=heartbeat) comes back in time, whether the step is done or not. A pull "
            "that blocks has to sit in a thread. (In sse-starlette it is ping=heartbeat.)"
        ),
        (
            "step = asyncio.ensure_future(anext(items)), then if not (await asyncio.wait({step}, "
            'timeout=heartbeat))[0]: yield ": still at it\\n\\n"'
        ),
    ),
)
def test_a_long_step_is_bridged_by_a_heartbeat(client: Client, upstream: Upstream) -> None:
    """when a step takes longer than `heartbeat` seconds, a comment line goes out before anything else"""
    with start(client, upstream, 3, BRISK) as response:
        upstream.wait_for_pull()
        response.next_comment()


@check(
    points=2,
    after=test_a_long_step_is_bridged_by_a_heartbeat,
    rule="WHATWG HTML 9.2.7",
    hint=(
        "After a heartbeat you are where you were before: the same step is still under way, and you still wait for it.",
        (
            "One comment is not enough: wait for the step again, in a loop, until it is done. asyncio.wait_for() "
            "would cancel it; asyncio.wait() leaves it alone."
        ),
        (
            'while not (await asyncio.wait({step}, timeout=heartbeat))[0]: yield ": still at it\\n\\n". In a `def` '
            "generator, concurrent.futures.wait() does the same."
        ),
    ),
)
def test_heartbeats_go_on(client: Client, upstream: Upstream) -> None:
    """heartbeats go on for as long as the step takes"""
    with start(client, upstream, 3, BRISK) as response:
        for _ in range(4):
            response.next_comment()


@check(
    points=3,
    after=(test_heartbeats_go_on, test_result_ends_the_stream),
    hint=(
        "A heartbeat is no second try: the step that you began is the one whose outcome you need, so keep hold of it.",
        "asyncio.wait_for() cancels what it waits for; asyncio.wait() does not. A thread cannot be cancelled at all.",
        (
            "Before the loop that waits: step = asyncio.ensure_future(anext(items)), or "
            "ensure_future(asyncio.to_thread(next, items)). After it: outcomes.append(step.result())"
        ),
    ),
)
def test_heartbeats_disturb_no_step(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a step that heartbeats have bridged is asked for only once, and its outcome is not lost"""
    outcomes = draw.texts(3)
    with start(client, upstream, len(outcomes), BRISK) as response:
        response.next_comment()
        response.next_comment()
        upstream.wait_for_pull()  # which a thread that is slow to start may not have made yet
        assert upstream.pulls == 1, "items asked for during one step"
        upstream.give_all(outcomes)
        assert response.events()[-1].json(schema="outcomes")["outcomes"] == outcomes, "outcomes in the last event"


@check(
    points=4,
    after=test_each_step_is_told_as_it_is_done,
    hint=(
        (
            "A client that leaves ends the response, and nothing else. What runs beside it, blocks, or swallows "
            "CancelledError goes on."
        ),
        (
            "Whatever you started besides the response, a task or a thread, has to end with it: see `finally`. Let "
            "CancelledError pass, and block nowhere in `async def`."
        ),
        (
            "`finally: producer.cancel()` ends a task. For a thread: `finally: stopped.set()`, and `if "
            "stopped.is_set(): return` before each of its pulls."
        ),
    ),
)
def test_leaving_ends_the_work(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when the client leaves while a step is under way, at most one more step is begun"""
    with start(client, upstream, 100, STREAM) as response:
        upstream.give(*draw.texts(2))
        response.next_event()
        response.next_event()
        upstream.wait_for_pull(3)
    assert upstream.pulls_after_disconnect() <= 1, "items asked for after the client had left"


@check(
    points=2,
    after=test_each_step_is_told_as_it_is_done,
    hint=(
        (
            "To your app, a connection that breaks is a client that leaves: the work must end with the response, "
            "from the first step on."
        ),
        (
            "Whoever pulls has to hear of it: block nowhere in `async def`, let CancelledError pass, and end tasks "
            "and threads in a `finally`."
        ),
        (
            "Right after create_task() or start() comes `try:`, with all pulls and yields in it; then finally: "
            "producer.cancel(), or stopped.set() for a thread."
        ),
    ),
)
def test_a_broken_connection_ends_the_work(client: Client, upstream: Upstream) -> None:
    """when the connection breaks during the very first step, at most one more step is begun"""
    with start(client, upstream, 100, STREAM) as response:
        assert response.status == 200, "status"
        upstream.wait_for_pull()
        response.disconnect(Disconnect.ABORT)
    assert upstream.pulls_after_disconnect() <= 1, "items asked for after the client had left"


@check(
    points=3,
    after=(test_result_ends_the_stream, test_leaving_ends_the_work),
    hint=(
        (
            "The upstream has to be closed on every way out, and leaving skips what stands after the loop. Does "
            "anything still hold on to it?"
        ),
        (
            "`async with upstream(task) as steps` closes it, whatever happens; so does aclose() in a `finally`. For "
            "blocking_upstream it is `with` and close()."
        ),
        (
            "In the generator, around the whole loop: async with upstream(task) as items. Or try: … finally: await "
            "items.aclose()"
        ),
    ),
)
def test_the_upstream_is_let_go(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when a stream is over, or its client has left, the connection to the upstream is closed"""
    other = upstream.another()
    upstream.give(*draw.texts(2))
    start(client, upstream, 2, STREAM).wait_for_end()
    upstream.wait_for_close()
    with start(client, other, 100, STREAM) as response:
        other.give(*draw.texts(1))
        response.next_event()
        other.wait_for_pull(2)
    other.pulls_after_disconnect()  # a step under way in a thread can only be finished, and one more may have begun
    other.wait_for_close()


@check(
    points=3,
    after=(test_batch_answers_with_all_outcomes, test_each_step_is_told_as_it_is_done),
    rule="FastAPI: concurrency",
    hint=(
        "A task that waits must not hold what the next one needs: the event loop, a lock, the only worker thread.",
        (
            "A blocking pull inside `async def` stops everybody: use `await`, or a thread of the task's own. No lock "
            "around a pull."
        ),
        "await anext(items) with upstream(task), or await asyncio.to_thread(next, items) with blocking_upstream(task)",
    ),
)
def test_others_are_answered_beside_a_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a stream waits for a step, another task is worked on and answered"""
    outcomes = draw.texts(3)
    other = upstream.another()
    other.give_all(outcomes)
    with start(client, upstream, 3, STREAM):
        upstream.wait_for_pull()
        response = start(client, other, len(outcomes))
        assert response.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the other task"


@check(
    points=3,
    after=(test_batch_answers_with_all_outcomes, test_result_ends_the_stream),
    rule="FastAPI: concurrency",
    hint=(
        (
            "A batch waits as long as a stream does. Meanwhile the event loop, locks and workers have to be free for "
            "others."
        ),
        (
            "If its pulls block, they belong into `def` or a thread. In `async def`, only `await` waits without "
            "stopping everybody."
        ),
        (
            "await anext(items) for each step; or return await asyncio.to_thread(collect, task), with the blocking "
            "pulls in collect()"
        ),
    ),
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
    hint=(
        (
            "Tasks at once share the module and the event loop. None may find what belongs to another, or have to "
            "wait for it."
        ),
        (
            "What belongs to one task must not live in the module: keep it in local variables. No lock or single "
            "worker for all, and no blocking pull in `async def`."
        ),
        (
            "In the function that serves the one request: outcomes: list[str] = [] and items = upstream(task), then "
            "await anext(items) under no lock"
        ),
    ),
)
def test_each_stream_tells_of_its_own_task(client: Client, upstream: Upstream, draw: Draw) -> None:
    """of two tasks at once, each stream tells its own progress and its own result"""
    other = upstream.another()
    ours, theirs = draw.texts(2), draw.texts(2)
    with start(client, upstream, 2, STREAM) as response, start(client, other, 3, STREAM) as second:
        upstream.wait_for_pull()
        other.wait_for_pull()
        for done in (1, 2):
            upstream.give(ours[done - 1])
            assert response.next_event().json(schema="progress")["done"] == done, "steps done of the first task"
            other.give(theirs[done - 1])
            assert second.next_event().json(schema="progress")["done"] == done, "steps done of the second task"
        upstream.end()
        assert response.next_event().json(schema="outcomes")["outcomes"] == ours, "outcomes of the first task"


@check(
    points=1,
    after=test_batch_answers_with_all_outcomes,
    rule="RFC 9110 15.5.21",
    hint=(
        (
            "A body can be good JSON and still be no task. That shows before any work is done, and has a status of "
            "its own."
        ),
        (
            "Describe the body with a Pydantic model, the limits of `steps` too. FastAPI refuses the rest, unless a "
            "handler of yours changes the status."
        ),
        (
            "In a class Task(BaseModel): task: str, and steps: int = Field(ge=1, le=1000). Then the endpoint takes "
            "body: Task."
        ),
    ),
)
def test_bad_body_is_refused_in_batch_mode(client: Client, upstream: Upstream) -> None:
    """in batch mode a body without a task, or with a bad number of steps, is refused with 422, as JSON"""
    for body in bad_bodies(upstream):
        response = client.post(PATH, json=body)
        assert response.status == 422, "status for a bad body"
        assert response.content_type in JSON_TYPES, "media type for a bad body"
        response.json()


@check(
    points=2,
    after=test_stream_begins_at_once,
    rule="RFC 9110 15.5.21",
    hint=(
        "With the first byte of a stream its 200 is final. Whether the body is any good can be known before that.",
        (
            "A generator runs after the 200 has left. Look at the body before you make the response, or let a "
            "Pydantic model do so."
        ),
        (
            "body: Task in the endpoint, with steps: int = Field(ge=1, le=1000); by hand, raise HTTPException(422) "
            "before you return StreamingResponse(…)"
        ),
    ),
)
def test_bad_body_is_refused_in_stream_mode(client: Client, upstream: Upstream) -> None:
    """in stream mode such a body is refused in the same way: with 422, as JSON, and no stream"""
    for body in bad_bodies(upstream):
        response = client.post(PATH, params=STREAM, json=body)
        assert response.status == 422, "status for a bad body"
        assert response.content_type in JSON_TYPES, "media type for a bad body"
        response.json()


@check(
    points=2,
    after=test_batch_answers_with_all_outcomes,
    rule="RFC 9457 3",
    hint=(
        (
            "The status tells who failed: here the server behind yours. Decide before anything leaves; the media "
            "type tells how to read it."
        ),
        (
            "Catch UpstreamError around the pulls, and answer with a JSONResponse that has the media type of problem "
            "documents. HTTPException by itself makes plain JSON."
        ),
        (
            'except UpstreamError as error: return JSONResponse({"title": …, "status": 502, "detail": str(error)}, '
            '502, media_type="application/problem+json")'
        ),
    ),
)
def test_a_failed_batch_is_a_502(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode a step that fails gives 502 with a problem document that holds the upstream's words"""
    words, done = f"no more {draw.word()}", draw.number(1, 3)
    upstream.give(*draw.texts(done))
    upstream.fail(words)
    response = start(client, upstream, done + 2)
    assert (response.status, response.content_type) == (502, "application/problem+json"), (
        "status and media type when a step fails"
    )
    assert words in response.json(schema="problem")["detail"], "detail of the problem"


@check(
    points=4,
    after=test_result_ends_the_stream,
    hint=(
        (
            "The 200 has left, so the stream itself must tell: no break, no silence, and no progress or result for "
            "what was never done."
        ),
        "Once the 200 has left, an exception can only cut the stream off. Catch it, yield an error event, and return.",
        (
            'except UpstreamError as error: yield f"event: error\\ndata: {json.dumps(problem)}\\n\\n", and then return '
            "before any result"
        ),
    ),
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
    hint=(
        (
            "Who reads the error asks two things: what did the upstream say, and how far did the task come? No more, "
            "no less."
        ),
        (
            "str(error) has the words, and the outcomes that you have are the steps done. A traceback is for your "
            "log, not for your clients."
        ),
        'json.dumps({"detail": str(error), "done": len(outcomes)})',
    ),
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
