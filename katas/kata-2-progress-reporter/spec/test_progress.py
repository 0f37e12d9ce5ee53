"""Kata 2: a long task reports its progress (WHATWG HTML 9.2, RFC 9457)."""

from grader.spec import Client, Disconnect, Draw, Response, Upstream, check

PATH = "/tasks"
STREAM = {"stream": "true"}
#: A heartbeat is due after 10 ms: short, so that checks of heartbeats need not wait for long.
BRISK = {"stream": "true", "heartbeat": "0.01"}
#: A refusal may be a problem document, too: the contract leaves it open (RFC 9457 3).
JSON_TYPES = ("application/json", "application/problem+json")

#: What several checks require, word for word from README.md.
A_BATCH = "A batch sends `200`, `application/json` and all outcomes in order, when all steps are done and not before."
A_DISCONNECT = (
    "When the client disconnects from a stream, end the task: the step in progress may be finished, and "
    "one more may have begun before your server noticed, but nothing is pulled after that."
)
A_LONG_STEP = "A step that takes long must not hold up any other request."
A_BAD_BODY = (
    "A body without a `task`, or without a whole number from 1 to 1000 as `steps`, is refused in both "
    "modes with `422`, as `application/json` or `application/problem+json`."
)


def start(client: Client, upstream: Upstream, steps: int, params: dict[str, str] | None = None) -> Response:
    return client.post(PATH, params=params, json={"task": upstream.key, "steps": steps})


def bad_bodies(upstream: Upstream) -> list[dict[str, object]]:
    task = {"task": upstream.key}
    return [{"steps": 3}, task, {**task, "steps": 0}, {**task, "steps": 1001}, {**task, "steps": "many"}]


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
    with start(client, upstream, 3) as response:
        upstream.wait_for_pull(3)
        assert response.sent_meanwhile() == b"", "sent before the last step was done"


@check(
    points=1,
    after=test_batch_answers_with_all_outcomes,
    requirement="Without `stream`, or with `stream=false`, the response is a batch.",
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


@check(
    points=3,
    requirement=(
        "With `stream=true`, the response is `200` and `text/event-stream`, and it begins at once: the status "
        "and the header fields do not wait for the first step."
    ),
)
def test_stream_begins_at_once(client: Client, upstream: Upstream) -> None:
    """with `stream=true` an event stream begins while the first step is still in progress"""
    with start(client, upstream, 3, STREAM) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream"), (
            "status and media type for stream=true"
        )


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
    told = [event.json(schema="progress") for event in events]
    counted = [[done, steps] for done in range(1, steps + 1)]
    assert [[data["done"], data["total"]] for data in told] == counted, "done and total of the events"


@check(
    points=2,
    after=test_one_progress_event_a_step,
    requirement="The `id` of each `progress` event is the number of steps done.",
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
    requirement=(
        "`percent` is 100 * done / total, rounded to a whole number (up or down) or not at all; after the "
        "last step it is exactly 100."
    ),
)
def test_percent_ends_at_100(client: Client, upstream: Upstream, draw: Draw) -> None:
    """percent is less than one away from 100 * done / total, and exactly 100 after the last step"""
    steps = 3 * draw.number(2, 4)  # 6, 9 or 12: none divides 100, so that rounding shows
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
    requirement=(
        "A `retry` field comes no later than with the first event: the number of milliseconds, at least 100, "
        "that a client waits before it connects again."
    ),
)
def test_retry_is_in_milliseconds(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a retry field of at least 100 milliseconds comes with the first event or before it"""
    upstream.give(*draw.texts(1))
    with start(client, upstream, 3, STREAM) as response:
        response.next_event()
        assert response.retry, "no valid retry field so far: its value must consist of digits only"
        assert response.retry >= 100, "milliseconds of the retry field"


@check(
    points=4,
    after=test_one_progress_event_a_step,
    requirement="Each event is sent at once: it reaches the client before the next step is done.",
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
    requirement=(
        "After the last step comes an event of type `result`, whose data is what a batch would have sent; "
        "then the stream ends."
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
    requirement="Pull exactly as many items as there are steps.",
)
def test_no_step_too_many(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in both modes exactly as many items are pulled as there are steps"""
    outcomes = draw.texts(4)
    batch = upstream.another()
    upstream.give_all(outcomes)
    batch.give_all(outcomes)
    start(client, upstream, len(outcomes), STREAM).wait_for_end()
    assert upstream.pulls == len(outcomes), "items that the stream pulled"
    start(client, batch, len(outcomes)).wait_for_end()
    assert batch.pulls == len(outcomes), "items that the batch pulled"


@check(
    points=2,
    after=(test_batch_answers_with_all_outcomes, test_result_ends_the_stream),
    requirement="Both modes send each outcome unchanged, whatever characters are in it.",
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
    requirement=(
        "When nothing has been sent for `heartbeat` seconds because a step takes long, send a comment: a line "
        "that begins with a colon, such as `: still working`."
    ),
)
def test_a_long_step_is_bridged_by_a_heartbeat(client: Client, upstream: Upstream) -> None:
    """when a step takes longer than `heartbeat` seconds, a comment is sent before anything else"""
    with start(client, upstream, 3, BRISK) as response:
        upstream.wait_for_pull()
        response.next_comment()


@check(
    points=2,
    after=test_a_long_step_is_bridged_by_a_heartbeat,
    requirement="Send further comments in the same way, for as long as the step takes.",
)
def test_heartbeats_go_on(client: Client, upstream: Upstream) -> None:
    """heartbeats go on for as long as the step takes"""
    with start(client, upstream, 3, BRISK) as response:
        for _ in range(4):
            response.next_comment()


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
    assert upstream.pulls_after_disconnect() <= 1, "items pulled after the disconnect"


@check(
    points=3,
    after=(test_result_ends_the_stream, test_leaving_ends_the_work),
    requirement="Close the upstream connection when the client has disconnected, and at the end of every stream.",
)
def test_the_upstream_is_let_go(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when a stream has ended, or its client has disconnected, the upstream connection is closed"""
    other = upstream.another()
    upstream.give(*draw.texts(2))
    start(client, upstream, 2, STREAM).wait_for_end()
    upstream.wait_for_close()
    with start(client, other, 100, STREAM) as response:
        other.give(*draw.texts(1))
        response.next_event()
        other.wait_for_pull(2)
    other.pulls_after_disconnect()  # finishes the step in progress, as a pull in a thread cannot be cancelled
    other.wait_for_close()


@check(
    points=3,
    after=(test_batch_answers_with_all_outcomes, test_each_step_is_told_as_it_is_done),
    requirement=A_LONG_STEP,
)
def test_others_are_answered_beside_a_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a stream waits for a step, another task is worked on and gets its response"""
    outcomes = draw.texts(3)
    other = upstream.another()
    other.give_all(outcomes)
    with start(client, upstream, 3, STREAM):
        upstream.wait_for_pull()
        response = start(client, other, len(outcomes))
        assert response.json(schema="outcomes")["outcomes"] == outcomes, "outcomes of the other task"


@check(points=3, after=(test_batch_answers_with_all_outcomes, test_result_ends_the_stream), requirement=A_LONG_STEP)
def test_others_are_answered_beside_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a batch waits for a step, another task is worked on and gets its response"""
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
    requirement="Several tasks may run at the same time, and each response reports its own task only.",
)
def test_each_stream_tells_of_its_own_task(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when two tasks run at the same time, each stream reports its own progress and its own result"""
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


@check(points=1, after=test_batch_answers_with_all_outcomes, requirement=A_BAD_BODY)
def test_bad_body_is_refused_in_batch_mode(client: Client, upstream: Upstream) -> None:
    """in batch mode a body without a task, or with a bad number of steps, is refused with 422, as JSON"""
    for body in bad_bodies(upstream):
        response = client.post(PATH, json=body)
        assert response.status == 422, "status for a bad body"
        assert response.content_type in JSON_TYPES, "media type for a bad body"
        response.json()


@check(points=2, after=test_stream_begins_at_once, requirement=A_BAD_BODY)
def test_bad_body_is_refused_in_stream_mode(client: Client, upstream: Upstream) -> None:
    """in stream mode such a body is also refused with 422, as JSON, and not as a stream"""
    for body in bad_bodies(upstream):
        response = client.post(PATH, params=STREAM, json=body)
        assert response.status == 422, "status for a bad body"
        assert response.content_type in JSON_TYPES, "media type for a bad body"
        response.json()


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
    requirement=(
        "An event of type `error` replaces the missing `progress` event, and the stream ends cleanly, without "
        "a `result`."
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
    requirement=(
        "The data of the `error` event is a JSON object: `detail`, one line that contains the upstream's "
        "message, and `done`, the number of steps done before."
    ),
)
def test_the_error_says_what_went_wrong(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the error event holds the number of steps done before, and the upstream's message in one line"""
    words, done = f"no more {draw.word()}", draw.number(1, 3)
    upstream.give(*draw.texts(done))
    upstream.fail(words)
    error = start(client, upstream, done + 2, STREAM).events()[-1].json(schema="error")
    assert error["done"] == done, "steps done in the error event"
    assert words in error["detail"], "detail of the error event"
    assert "\n" not in error["detail"], "detail of the error event"
