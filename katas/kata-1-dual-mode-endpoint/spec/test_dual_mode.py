"""Kata 1: one endpoint, two modes (WHATWG HTML 9.2)."""

from grader.spec import Client, Draw, Response, ServerSentEvent, Upstream, check

PATH = "/generate"
#: Either is right: the one forbids a cache to reuse the response unasked, the other to store it (RFC 9111 5.2.2).
UNCACHED = ("no-cache", "no-store")

#: What several checks require, word for word from README.md.
A_BATCH = (
    "Without `stream`, or with `stream=false`, the response is a batch: `200`, `application/json`, with "
    "all chunks in order."
)
A_CHUNK = (
    "Each chunk is one event of type `message`, whose data is a JSON object: the `index` of the chunk, "
    "counted from 0, and its `text`."
)
MANY_CLIENTS = (
    "Many clients send requests at the same time: none of them waits for another, and each gets the "
    "chunks of its own request."
)
A_FAILURE = (
    "If the upstream fails before its first chunk, the response is `502` in both modes: "
    "`application/json`, an object with a `detail`."
)


def batch(upstream: Upstream) -> dict[str, str]:
    return {"prompt": upstream.key}


def stream(upstream: Upstream, value: str = "true") -> dict[str, str]:
    return {"prompt": upstream.key, "stream": value}


def chunk_events(response: Response) -> list[ServerSentEvent]:
    """All events but the closing one, which has a check of its own."""
    return [event for event in response.events() if event.type != "done"]


def next_texts(response: Response, count: int) -> list[str]:
    return [response.next_event().json(schema="chunk")["text"] for _ in range(count)]


def next_chunk(response: Response) -> tuple[int, str]:
    data = response.next_event().json(schema="chunk")
    return data["index"], data["text"]


@check(points=2, requirement=A_BATCH)
def test_batch_is_the_default(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, all chunks come in order in one JSON document"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    response = client.get(PATH, params=batch(upstream))
    assert (response.status, response.content_type) == (200, "application/json"), (
        "status and media type without `stream`"
    )
    assert response.json(schema="batch")["chunks"] == chunks, "chunks of the batch"


@check(points=1, after=test_batch_is_the_default, requirement=A_BATCH)
def test_stream_false_is_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the response to `stream=false` is a batch"""
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
        "WHATWG HTML 9.2.2: Otherwise, if res's status is not 200, or if res's `Content-Type` is not "
        "`text/event-stream`, then fail the connection."
    ),
)
def test_stream_true_is_an_event_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the response to `stream=true` is an event stream"""
    upstream.give_all(draw.texts(3))
    response = client.get(PATH, params=stream(upstream))
    assert (response.status, response.content_type) == (200, "text/event-stream"), (
        "status and media type for stream=true"
    )


@check(
    points=1,
    after=(test_batch_is_the_default, test_stream_true_is_an_event_stream),
    requirement="A value of `stream` that is neither true nor false is refused with `422`, as `application/json`.",
)
def test_bad_value_is_refused(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a value of `stream` that is neither true nor false is refused with 422, as JSON"""
    upstream.give_all(draw.texts(2))
    response = client.get(PATH, params=stream(upstream, draw.word()))
    assert (response.status, response.content_type) == (422, "application/json"), (
        "status and media type for a bad value"
    )
    response.json()


@check(points=2, after=test_stream_true_is_an_event_stream, requirement=A_CHUNK)
def test_one_event_a_chunk(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each chunk is one event, with its index and its text as JSON"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    events = chunk_events(client.get(PATH, params=stream(upstream)))[
        : len(chunks)
    ]  # done_closes_the_stream sees the rest
    assert [event.type for event in events] == ["message"] * len(chunks), "types of the chunks' events"
    assert [event.json(schema="chunk")["text"] for event in events] == chunks, "texts of the events"


@check(points=1, after=test_one_event_a_chunk, requirement=A_CHUNK)
def test_chunks_are_numbered(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the indexes of the chunks count up from 0"""
    count = draw.number(3, 6)
    upstream.give_all(draw.texts(count))
    events = chunk_events(client.get(PATH, params=stream(upstream)))[:count]
    assert [event.json(schema="chunk")["index"] for event in events] == list(range(count)), "indexes of the events"


@check(
    points=3,
    after=test_stream_true_is_an_event_stream,
    requirement="WHATWG HTML 9.2.5: event = *( comment / field ) end-of-line",
)
def test_framing_is_well_formed(client: Client, upstream: Upstream, draw: Draw) -> None:
    """every line of the stream is well-formed, and every event ends with a blank line"""
    upstream.give_all([*draw.texts(3), *draw.awkward_texts()])
    assert client.get(PATH, params=stream(upstream)).faults() == []


@check(
    points=4,
    after=test_one_event_a_chunk,
    requirement="Each event is sent at once: it reaches the client before the next chunk exists.",
)
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
        "After the last chunk comes a closing event of type `done`, whose data says how many chunks there "
        "were; then the stream ends."
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
    requirement="A chunk may hold any characters, or none: an empty chunk counts like any other.",
)
def test_both_modes_carry_the_same_text(client: Client, upstream: Upstream, draw: Draw) -> None:
    """both modes carry the same text, with any characters in it, or none"""
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
        'If the upstream has no chunks at all, the batch is `{"chunks": []}`, and the stream has only the '
        "closing event."
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
    requirement="A stream has a `Cache-Control` field of `no-cache` or `no-store`, and no `Content-Length`.",
)
def test_stream_is_not_cached(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the stream has no Content-Length, and says that it must not be cached"""
    upstream.give_all(draw.texts(2))
    response = client.get(PATH, params=stream(upstream))
    assert "content-length" not in response.headers, "header fields of the stream"
    caching = response.headers.get("cache-control", "")
    directives = [part.strip().lower() for part in caching.split(",")]
    assert next((name for name in directives if name in UNCACHED), caching) in UNCACHED, "Cache-Control of the stream"


@check(points=4, after=test_each_chunk_leaves_before_the_next_exists, requirement=MANY_CLIENTS)
def test_others_are_answered_meanwhile(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request gets its response while a stream waits for its next chunk"""
    chunks = draw.texts(3)
    other = upstream.another()
    other.give_all(chunks)
    with client.get(PATH, params=stream(upstream)) as held:
        upstream.give(*chunks)
        assert next_texts(held, 3) == chunks, "texts of the stream that is held"
        upstream.wait_for_pull(4)  # only now does the app wait: before, it may just be slow
        assert next_texts(client.get(PATH, params=stream(other)), 3) == chunks, "texts of the other stream"


@check(points=2, after=test_batch_is_the_default, requirement=MANY_CLIENTS)
def test_others_are_answered_during_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request gets its response while a batch waits for its next chunk"""
    chunks = draw.texts(3)
    other = upstream.another()
    other.give_all(chunks)
    with client.get(PATH, params=batch(upstream)):
        upstream.give(*draw.texts(2))
        upstream.wait_for_pull(3)
        response = client.get(PATH, params=batch(other))
        assert response.json(schema="batch")["chunks"] == chunks, "chunks of the other batch"


@check(points=2, after=(test_chunks_are_numbered, test_others_are_answered_meanwhile), requirement=MANY_CLIENTS)
def test_streams_do_not_mix(client: Client, upstream: Upstream, draw: Draw) -> None:
    """two streams at the same time each carry their own chunks, even while one waits for its first"""
    texts = draw.texts(4)
    other = upstream.another()
    waiting = client.get(PATH, params=stream(upstream))
    upstream.wait_for_pull()  # the first request is being served before the second is sent
    with client.get(PATH, params=stream(other)) as running:
        for index, text in enumerate(texts[:2]):
            other.give(text)
            assert next_chunk(running) == (index, text), "index and text of the running stream"
        upstream.give(texts[2])
        assert next_chunk(waiting) == (0, texts[2]), "index and text of the waiting stream"
        other.give(texts[3])
        assert next_chunk(running) == (2, texts[3]), "index and text of the running stream"


@check(points=2, after=test_batch_is_the_default, requirement=A_FAILURE)
def test_batch_upstream_failure_is_502(client: Client, upstream: Upstream) -> None:
    """in batch mode, an upstream that fails before its first chunk gives 502, as JSON"""
    upstream.fail()
    response = client.get(PATH, params=batch(upstream))
    assert (response.status, response.content_type) == (502, "application/json"), "status and media type when it fails"
    response.json(schema="error")


@check(points=2, after=test_stream_true_is_an_event_stream, requirement=A_FAILURE)
def test_stream_upstream_failure_is_502(client: Client, upstream: Upstream) -> None:
    """in stream mode, an upstream that fails before its first chunk gives 502, as JSON"""
    upstream.fail()
    response = client.get(PATH, params=stream(upstream))
    assert (response.status, response.content_type) == (502, "application/json"), "status and media type when it fails"
    response.json(schema="error")
