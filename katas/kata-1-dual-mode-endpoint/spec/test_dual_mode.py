"""Kata 1: one endpoint, two modes (WHATWG HTML 9.2)."""

from grader.spec import Client, Draw, Response, ServerSentEvent, Upstream, check

PATH = "/generate"
UNCACHED = ("no-cache", "no-store")


def batch(upstream: Upstream) -> dict[str, str]:
    return {"prompt": upstream.key}


def stream(upstream: Upstream, value: str = "true") -> dict[str, str]:
    return {"prompt": upstream.key, "stream": value}


def chunk_events(response: Response) -> list[ServerSentEvent]:
    return [event for event in response.events() if event.type != "done"]


def next_texts(response: Response, count: int) -> list[str]:
    return [response.next_event().json(schema="chunk")["text"] for _ in range(count)]


def next_chunk(response: Response) -> tuple[int, str]:
    payload = response.next_event().json(schema="chunk")
    return payload["index"], payload["text"]


@check(points=2, requirement="`200`, `application/json`, all chunks in order")
def test_batch_is_the_default(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, all chunks come in order in one JSON document"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    response = client.get(PATH, params=batch(upstream))
    assert (response.status, response.content_type) == (200, "application/json"), (
        "status and media type without `stream`"
    )
    assert response.json(schema="batch")["chunks"] == chunks, "chunks of the batch"


@check(
    points=1,
    after=test_batch_is_the_default,
    requirement="`GET /generate?prompt=...&stream=...` answers in one of two modes.",
)
def test_stream_false_is_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """`stream=false` is answered as a batch"""
    chunks = draw.texts(3)
    upstream.give_all(chunks)
    response = client.get(PATH, params=stream(upstream, "false"))
    assert (response.status, response.content_type) == (200, "application/json"), (
        "status and media type for stream=false"
    )
    assert response.json(schema="batch")["chunks"] == chunks, "chunks of the batch"


@check(
    points=2,
    requirement=(
        "WHATWG HTML 9.2.3: If the status is not 200, or Content-Type is not text/event-stream, then fail the "
        "connection."
    ),
)
def test_stream_true_is_an_event_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """`stream=true` is answered with an event stream"""
    upstream.give_all(draw.texts(3))
    response = client.get(PATH, params=stream(upstream))
    assert (response.status, response.content_type) == (200, "text/event-stream"), (
        "status and media type for stream=true"
    )


@check(
    points=1,
    after=(test_batch_is_the_default, test_stream_true_is_an_event_stream),
    requirement=(
        "RFC 9110 15.5.21: 422 (Unprocessable Content) indicates that the server was unable to process the "
        "contained instructions."
    ),
)
def test_bad_value_is_refused(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a value of `stream` that is neither true nor false is refused with 422, as JSON"""
    upstream.give_all(draw.texts(2))
    response = client.get(PATH, params=stream(upstream, draw.word()))
    assert (response.status, response.content_type) == (422, "application/json"), (
        "status and media type for a bad value"
    )
    response.json()


@check(
    points=2,
    after=test_stream_true_is_an_event_stream,
    requirement=(
        "WHATWG HTML 9.2.6: A line is a field name, a colon and a value; other lines are ignored; an empty "
        "line ends the event."
    ),
)
def test_one_event_a_chunk(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each chunk is one event, with its index and its text as JSON"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    events = chunk_events(client.get(PATH, params=stream(upstream)))[: len(chunks)]
    assert [event.type for event in events] == ["message"] * len(chunks), "types of the chunks' events"
    assert [event.json(schema="chunk")["text"] for event in events] == chunks, "texts of the events"


@check(points=1, after=test_one_event_a_chunk, requirement="the number of the chunk, counted from 0, and its text")
def test_chunks_are_numbered(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the indexes of the chunks count up from 0"""
    count = draw.number(3, 6)
    upstream.give_all(draw.texts(count))
    events = chunk_events(client.get(PATH, params=stream(upstream)))[:count]
    assert [event.json(schema="chunk")["index"] for event in events] == list(range(count)), "indexes of the events"


@check(
    points=3,
    after=test_stream_true_is_an_event_stream,
    requirement=(
        "WHATWG HTML 9.2.5: Event streams are lines of fields and comments, and must always be encoded as UTF-8."
    ),
)
def test_framing_is_well_formed(client: Client, upstream: Upstream, draw: Draw) -> None:
    """every line of the stream is well-formed, and every event ends with a blank line"""
    upstream.give_all([*draw.texts(3), *draw.awkward_texts()])
    assert client.get(PATH, params=stream(upstream)).faults() == []


@check(points=4, after=test_one_event_a_chunk, requirement="others want to show each chunk the moment it exists")
def test_each_chunk_leaves_before_the_next_exists(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each chunk reaches the client before the next one exists"""
    with client.get(PATH, params=stream(upstream)) as response:
        for chunk in draw.texts(4):
            upstream.give(chunk)
            assert next_texts(response, 1) == [chunk], "text of the next event"


@check(
    points=2,
    after=test_one_event_a_chunk,
    requirement=(
        "When there are no more chunks, a closing event of type `done` tells how many there were; then the stream ends."
    ),
)
def test_done_closes_the_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a closing event of type done counts the chunks, and the stream ends cleanly after it"""
    count = draw.number(2, 6)
    upstream.give_all(draw.texts(count))
    events = client.get(PATH, params=stream(upstream)).events()
    assert [event.type for event in events] == ["message"] * count + ["done"], "types of all events"
    assert events[-1].json(schema="done")["chunks"] == count, "count in the closing event"


@check(
    points=3,
    after=(test_batch_is_the_default, test_one_event_a_chunk),
    requirement="A chunk may hold any characters, or none; it counts all the same.",
)
def test_both_modes_carry_the_same_text(client: Client, upstream: Upstream, draw: Draw) -> None:
    """both modes carry the same text, whatever characters are in it, or none"""
    chunks = ["", *draw.awkward_texts()]
    upstream.give_all(chunks)
    events = chunk_events(client.get(PATH, params=stream(upstream)))[: len(chunks)]
    assert [event.json(schema="chunk")["text"] for event in events] == chunks, "texts of the stream"
    other = upstream.another()
    other.give_all(chunks)
    response = client.get(PATH, params=batch(other))
    assert response.json(schema="batch")["chunks"] == chunks, "chunks of the batch"


@check(
    points=2,
    after=(test_batch_is_the_default, test_done_closes_the_stream),
    requirement=(
        "When there are no more chunks, a closing event of type `done` tells how many there were; then the stream ends."
    ),
)
def test_no_chunks_at_all(client: Client, upstream: Upstream) -> None:
    """an upstream with no chunks gives an empty batch, and a stream with only the closing event"""
    upstream.end()
    events = client.get(PATH, params=stream(upstream)).events()
    assert [event.type for event in events] == ["done"], "types of all events"
    assert events[0].json(schema="done")["chunks"] == 0, "count in the closing event"
    response = client.get(PATH, params=batch(upstream))
    assert response.json(schema="batch")["chunks"] == [], "chunks of the batch"


@check(
    points=1,
    after=test_stream_true_is_an_event_stream,
    requirement=(
        "RFC 9111 5.2.2: A no-cache response MUST NOT be used for any other request without validation; "
        "no-store MUST NOT be stored."
    ),
)
def test_stream_is_not_cached(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the stream has no Content-Length, and says that it must not be cached"""
    upstream.give_all(draw.texts(2))
    response = client.get(PATH, params=stream(upstream))
    assert "content-length" not in response.headers, "header fields of the stream"
    caching = response.headers.get("cache-control", "")
    directives = [part.strip().lower() for part in caching.split(",")]
    assert next((name for name in directives if name in UNCACHED), caching) in UNCACHED, "Cache-Control of the stream"


@check(
    points=4,
    after=test_each_chunk_leaves_before_the_next_exists,
    requirement=(
        "FastAPI, concurrency: A plain def endpoint is run in an external threadpool, instead of being called "
        "directly, as it would block the server."
    ),
)
def test_others_are_answered_meanwhile(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request is answered while a stream waits for its next chunk"""
    chunks = draw.texts(3)
    other = upstream.another()
    other.give_all(chunks)
    with client.get(PATH, params=stream(upstream)) as held:
        upstream.give(*chunks)
        assert next_texts(held, 3) == chunks, "texts of the stream that is held"
        upstream.wait_for_pull(4)
        assert next_texts(client.get(PATH, params=stream(other)), 3) == chunks, "texts of the other stream"


@check(
    points=2,
    after=test_batch_is_the_default,
    requirement=(
        "FastAPI, concurrency: A plain def endpoint is run in an external threadpool, instead of being called "
        "directly, as it would block the server."
    ),
)
def test_others_are_answered_during_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request is answered while a batch waits for its next chunk"""
    chunks = draw.texts(3)
    other = upstream.another()
    other.give_all(chunks)
    with client.get(PATH, params=batch(upstream)):
        upstream.give(*draw.texts(2))
        upstream.wait_for_pull(3)
        response = client.get(PATH, params=batch(other))
        assert response.json(schema="batch")["chunks"] == chunks, "chunks of the other batch"


@check(
    points=2,
    after=(test_chunks_are_numbered, test_others_are_answered_meanwhile),
    requirement="Many callers ask at the same time, and none of them waits for another.",
)
def test_streams_do_not_mix(client: Client, upstream: Upstream, draw: Draw) -> None:
    """two streams at the same time each carry their own chunks, even while one waits for its first"""
    texts = draw.texts(4)
    other = upstream.another()
    with client.get(PATH, params=stream(upstream)) as waiting:
        upstream.wait_for_pull()
        with client.get(PATH, params=stream(other)) as running:
            for index, text in enumerate(texts[:2]):
                other.give(text)
                assert next_chunk(running) == (index, text), "index and text of the running stream"
            upstream.give(texts[2])
            assert next_chunk(waiting) == (0, texts[2]), "index and text of the waiting stream"
            other.give(texts[3])
            assert next_chunk(running) == (2, texts[3]), "index and text of the running stream"


@check(
    points=2,
    after=test_batch_is_the_default,
    requirement=(
        "RFC 9110 15.6.3: 502 (Bad Gateway) indicates that the server, as a gateway, received an invalid "
        "response from an inbound server."
    ),
)
def test_batch_upstream_failure_is_502(client: Client, upstream: Upstream) -> None:
    """in batch mode, an upstream that fails before its first chunk is answered with 502, as JSON"""
    upstream.fail()
    response = client.get(PATH, params=batch(upstream))
    assert (response.status, response.content_type) == (502, "application/json"), "status and media type when it fails"
    response.json(schema="error")


@check(
    points=2,
    after=test_stream_true_is_an_event_stream,
    requirement=(
        "RFC 9110 15.6.3: 502 (Bad Gateway) indicates that the server, as a gateway, received an invalid "
        "response from an inbound server."
    ),
)
def test_stream_upstream_failure_is_502(client: Client, upstream: Upstream) -> None:
    """in stream mode, an upstream that fails before its first chunk is answered with 502, as JSON"""
    upstream.fail()
    response = client.get(PATH, params=stream(upstream))
    assert (response.status, response.content_type) == (502, "application/json"), "status and media type when it fails"
    response.json(schema="error")
