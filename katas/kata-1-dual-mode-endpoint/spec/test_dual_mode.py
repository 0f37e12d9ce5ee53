"""Kata 1: one endpoint, two modes (WHATWG HTML 9.2)."""

from grader.spec import Client, Draw, Upstream, check

PATH = "/generate"


def asking(upstream: Upstream, stream: str = "true") -> dict[str, str]:
    return {"prompt": upstream.key, "stream": stream}


@check(points=2, hint="Collect the chunks into a list, and return a dict: FastAPI makes JSON of it.")
def test_batch_is_the_default(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, all chunks come in order in one JSON document"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    reply = client.get(PATH, params={"prompt": upstream.key})
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert reply.json(schema="batch")["chunks"] == chunks


@check(
    points=1,
    after=test_batch_is_the_default,
    hint='The text "false" is true to Python: bool("false") is True. Let FastAPI parse it.',
)
def test_stream_false_is_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """`stream=false` is answered as a batch"""
    chunks = draw.texts(3)
    upstream.give_all(chunks)
    reply = client.get(PATH, params=asking(upstream, "false"))
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert reply.json(schema="batch")["chunks"] == chunks


@check(
    points=2,
    rule="WHATWG HTML 9.2.3",
    hint='StreamingResponse(events(), media_type="text/event-stream"), around an async generator.',
)
def test_stream_true_is_an_event_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """`stream=true` is answered with an event stream"""
    upstream.give_all(draw.texts(3))
    reply = client.get(PATH, params=asking(upstream))
    assert (reply.status, reply.content_type) == (200, "text/event-stream")


@check(
    points=1,
    after=(test_batch_is_the_default, test_stream_true_is_an_event_stream),
    rule="RFC 9110 15.5.21",
    hint="Declare the parameter as `stream: bool = False`: FastAPI refuses the rest.",
)
def test_bad_value_is_refused(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a value of `stream` that is neither true nor false is refused with 422, as JSON"""
    upstream.give_all(draw.texts(2))
    reply = client.get(PATH, params=asking(upstream, draw.word()))
    assert (reply.status, reply.content_type) == (422, "application/json")
    reply.json()


@check(
    points=3,
    after=test_stream_true_is_an_event_stream,
    rule="WHATWG HTML 9.2.6",
    hint='yield "data: " + json.dumps({"index": index, "text": chunk}) + "\\n\\n", once for each chunk.',
)
def test_one_event_a_chunk(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each chunk is one event, with its index and its text as JSON"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    events = client.get(PATH, params=asking(upstream)).events()
    payloads = [event.json(schema="chunk") for event in events if event.type == "message"]
    assert [(payload["index"], payload["text"]) for payload in payloads] == list(enumerate(chunks))


@check(
    points=3,
    after=test_stream_true_is_an_event_stream,
    rule="WHATWG HTML 9.2.5",
    hint="A field is `data: ...` and a line end; a blank line ends the event, the last one too.",
)
def test_framing_is_well_formed(client: Client, upstream: Upstream, draw: Draw) -> None:
    """every line of the stream is well-formed, and every event ends with a blank line"""
    upstream.give_all([*draw.texts(3), *draw.awkward_texts()])
    assert client.get(PATH, params=asking(upstream)).faults() == []


@check(
    points=4,
    after=test_one_event_a_chunk,
    hint="Something holds the text back: a list that is filled first, a buffer, a middleware.",
)
def test_each_chunk_leaves_before_the_next_exists(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each chunk reaches the client before the next one exists"""
    with client.get(PATH, params=asking(upstream)) as reply:
        for chunk in draw.texts(4):
            upstream.give(chunk)
            assert reply.next_event().json(schema="chunk")["text"] == chunk


@check(
    points=2,
    after=test_one_event_a_chunk,
    hint="After the loop: yield an event with `event: done`, then let the generator return.",
)
def test_done_closes_the_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a closing event of type done counts the chunks, and the stream ends cleanly after it"""
    count = draw.number(2, 6)
    upstream.give_all(draw.texts(count))
    last = client.get(PATH, params=asking(upstream)).events()[-1]
    assert last.type == "done"
    assert last.json(schema="done")["chunks"] == count


@check(
    points=3,
    after=(test_batch_is_the_default, test_one_event_a_chunk),
    hint="Let json.dumps do the escaping, and change nothing about the text: no strip(), no splitlines().",
)
def test_both_modes_carry_the_same_text(client: Client, upstream: Upstream, draw: Draw) -> None:
    """both modes carry the same text, whatever characters are in it"""
    chunks = draw.awkward_texts()
    upstream.give_all(chunks)
    events = client.get(PATH, params=asking(upstream)).events()
    assert [event.json(schema="chunk")["text"] for event in events if event.type == "message"] == chunks
    batch = upstream.another()
    batch.give_all(chunks)
    assert client.get(PATH, params=asking(batch, "false")).json(schema="batch")["chunks"] == chunks


@check(
    points=2,
    after=(test_batch_is_the_default, test_done_closes_the_stream),
    hint="The first pull may find that there is nothing: anext() raises StopAsyncIteration then.",
)
def test_no_chunks_at_all(client: Client, upstream: Upstream) -> None:
    """an upstream with no chunks gives an empty batch, and a stream with only the closing event"""
    upstream.end()
    events = client.get(PATH, params=asking(upstream)).events()
    assert [event.type for event in events] == ["done"]
    assert events[0].json(schema="done")["chunks"] == 0
    assert client.get(PATH, params=asking(upstream, "false")).json(schema="batch")["chunks"] == []


@check(
    points=1,
    after=test_stream_true_is_an_event_stream,
    rule="RFC 9111 5.2.2",
    hint='Give the response headers={"Cache-Control": "no-cache"}.',
)
def test_stream_is_not_cached(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the stream has no Content-Length, and says that it must not be cached"""
    upstream.give_all(draw.texts(2))
    reply = client.get(PATH, params=asking(upstream))
    assert "content-length" not in reply.headers
    directives = {part.strip().lower() for part in reply.headers.get("cache-control", "").split(",")}
    assert directives & {"no-cache", "no-store"} != set()


@check(
    points=4,
    after=test_each_chunk_leaves_before_the_next_exists,
    rule="FastAPI: concurrency",
    hint="Inside `async def` nothing may block. Blocking code belongs into `def`, which FastAPI runs in a thread.",
)
def test_others_are_answered_meanwhile(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request is answered while a stream waits for its next chunk"""
    chunks = draw.texts(3)
    other = upstream.another()
    other.give_all(chunks)
    with client.get(PATH, params=asking(upstream)) as held:
        upstream.give(*chunks)
        assert [held.next_event().json()["text"] for _ in chunks] == chunks
        upstream.wait_for_pull(len(chunks) + 1)
        assert client.get(PATH, params=asking(other, "false")).json(schema="batch")["chunks"] == chunks


@check(
    points=2,
    after=test_batch_is_the_default,
    rule="RFC 9110 15.6.3",
    hint="except UpstreamError as error: raise HTTPException(502, detail=str(error))",
)
def test_batch_upstream_failure_is_502(client: Client, upstream: Upstream) -> None:
    """in batch mode, an upstream that fails before its first chunk is answered with 502, as JSON"""
    upstream.fail()
    reply = client.get(PATH, params=asking(upstream, "false"))
    assert (reply.status, reply.content_type) == (502, "application/json")
    assert "detail" in reply.json()


@check(
    points=2,
    after=test_stream_true_is_an_event_stream,
    rule="RFC 9110 15.6.3",
    hint="Pull the first chunk before you return the response: once a 200 has left, it cannot be taken back.",
)
def test_stream_upstream_failure_is_502(client: Client, upstream: Upstream) -> None:
    """in stream mode, an upstream that fails before its first chunk is answered with 502, as JSON"""
    upstream.fail()
    reply = client.get(PATH, params=asking(upstream))
    assert (reply.status, reply.content_type) == (502, "application/json")
    assert "detail" in reply.json()
