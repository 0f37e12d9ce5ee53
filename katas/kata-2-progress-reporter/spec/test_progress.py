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
    points=2, requirement="when all steps are done, and not before, `200`, `application/json`, all outcomes in order"
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
    requirement="when all steps are done, and not before, `200`, `application/json`, all outcomes in order",
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
    requirement="`true`: stream, Server-Sent Events; absent or `false`: batch, one JSON document",
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
    requirement=(
        "WHATWG HTML 9.2.3: If the status is not 200, or Content-Type is not text/event-stream, then fail the "
        "connection."
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
    requirement=(
        "WHATWG HTML 9.2.6: A line is a field name, a colon and a value; other lines are ignored; an empty "
        "line ends the event."
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
    requirement=(
        "WHATWG HTML 9.2.6: A line is a field name, a colon and a value; other lines are ignored; an empty "
        "line ends the event."
    ),
)
def test_ids_count_the_steps(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the id of each progress event is the number of steps done"""
    steps = draw.number(3, 6)
    upstream.give_all(draw.texts(steps))
    response = start(client, upstream, steps, STREAM)
    ids = [response.next_event().id for _ in range(steps)]
    assert ids == [str(done) for done in range(1, steps + 1)], "ids of the events"


@check(points=2, after=test_one_progress_event_a_step, requirement="After the last step it is exactly 100.")
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
    requirement=(
        "WHATWG HTML 9.2.6: A line is a field name, a colon and a value; other lines are ignored; an empty "
        "line ends the event."
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
    requirement="after each step one event of type `progress`, whose `id` is the number of steps done.",
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
        "after the last step an event of type `result`, whose data is what the batch would have answered. "
        "Then the stream ends."
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
    requirement="after the last step an event of type `result`, whose data is what the batch would have answered.",
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
        "WHATWG HTML 9.2.7: Authors can include a comment line (one starting with a ':' character) every 15 "
        "seconds or so."
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
    requirement=(
        "WHATWG HTML 9.2.7: Authors can include a comment line (one starting with a ':' character) every 15 "
        "seconds or so."
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
    requirement="The step itself goes on meanwhile; its outcome must not get lost, nor its work be done twice.",
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
    requirement=(
        "A step that is under way may be finished, and one more may have begun before your server noticed; "
        "after that the upstream is left in peace."
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
    requirement=(
        "A step that is under way may be finished, and one more may have begun before your server noticed; "
        "after that the upstream is left in peace."
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
    requirement="Close the connection to the upstream then, and at the end of every stream",
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
    requirement=(
        "FastAPI, concurrency: A plain def endpoint is run in an external threadpool, instead of being called "
        "directly, as it would block the server."
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
    requirement=(
        "FastAPI, concurrency: A plain def endpoint is run in an external threadpool, instead of being called "
        "directly, as it would block the server."
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
    requirement="With either of them, a step that takes long must stop nobody else.",
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
    requirement=(
        "RFC 9110 15.5.21: 422 (Unprocessable Content) indicates that the server was unable to process the "
        "contained instructions."
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
    requirement=(
        "RFC 9110 15.5.21: 422 (Unprocessable Content) indicates that the server was unable to process the "
        "contained instructions."
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
    requirement='RFC 9457 3: A problem document is a JSON object, and has the media type "application/problem+json".',
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
    requirement=(
        "An event of type `error` takes the place of the missing `progress`, and the stream ends, cleanly and "
        "without a `result`."
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
        "Its data is a JSON object: `detail`, one line with the upstream's words in it (which hold no line "
        "end), and `done`, the number of steps done before."
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
