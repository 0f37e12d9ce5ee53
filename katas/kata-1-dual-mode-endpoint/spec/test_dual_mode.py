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


@check(
    points=2,
    hint=(
        "Whoever leaves the flag out gets an answer too: the chunks of this very prompt, neither joined nor moved.",
        (
            "Give the flag a default, and take the prompt as FastAPI decodes it. Collect the chunks into a list, and "
            "return a dict: FastAPI makes JSON of it."
        ),
        (
            'Under `async def generate(prompt: str, stream: bool = False)`: return {"chunks": [chunk async for chunk '
            "in upstream(prompt)]}"
        ),
    ),
)
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
    hint=(
        "A query holds text, and to Python any text but the empty one is true. Or is something left over from before?",
        (
            'bool("false") is True. Let FastAPI parse it: annotate the parameter with bool. And make a new list in '
            "each request: a list as a default argument is made once, for all."
        ),
        (
            "`stream: bool = False` as a parameter of generate(); `found = []` in its body, never as a parameter's "
            "default."
        ),
    ),
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
    rule="WHATWG HTML 9.2.3",
    hint=(
        "A browser reads a body as events only if the media type says so. The upstream knows only the decoded prompt.",
        (
            "A StreamingResponse around a generator needs a media_type; an EventSourceResponse has one. Parameters "
            "that FastAPI hands you are decoded already."
        ),
        (
            "In generate(prompt: str, …), if the flag is true: return StreamingResponse(events(…), "
            'media_type="text/event-stream").'
        ),
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
    rule="RFC 9110 15.5.21",
    hint=(
        "A value without a meaning is the client's mistake. Do not guess: say so in status and media type alike.",
        (
            "FastAPI refuses by itself what a bool parameter cannot mean, in JSON. If you check by hand, or have a "
            "handler of your own, answer as FastAPI does."
        ),
        (
            "Declare the parameter as `stream: bool = False`: FastAPI refuses the rest. By hand: raise "
            'HTTPException(422, detail="…"). In a handler: return JSONResponse({"detail": "…"}, 422).'
        ),
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
    rule="WHATWG HTML 9.2.6",
    hint=(
        (
            "Compare your bytes with the README's transcript: names, JSON, blank lines, the end. Is a text lost or "
            "changed?"
        ),
        (
            "A chunk is a data field, without a type of its own: json.dumps of index and text, once. An SSE library "
            "adds `data: ` itself. Ask one upstream, and send its first chunk too."
        ),
        (
            'yield "data: " + json.dumps({"index": index, "text": chunk}) + "\\n\\n", once for each chunk. After the '
            "closing event nothing is left to do but return."
        ),
    ),
)
def test_one_event_a_chunk(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each chunk is one event, with its index and its text as JSON"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    events = chunk_events(client.get(PATH, params=stream(upstream)))[: len(chunks)]
    assert [event.type for event in events] == ["message"] * len(chunks), "types of the chunks' events"
    assert [event.json(schema="chunk")["text"] for event in events] == chunks, "texts of the events"


@check(
    points=1,
    after=test_one_event_a_chunk,
    hint=(
        "A client may put the text together by these numbers. Where do they begin, and does each chunk add one?",
        (
            "for index, chunk in enumerate(...) counts from 0; with `async for`, keep a count of your own. A chunk "
            "pulled before the loop has a number too."
        ),
        "Before the first event: index = 0. After each yield of a chunk: index += 1. The event holds index as it is.",
    ),
)
def test_chunks_are_numbered(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the indexes of the chunks count up from 0"""
    count = draw.number(3, 6)
    upstream.give_all(draw.texts(count))
    events = chunk_events(client.get(PATH, params=stream(upstream)))[:count]
    assert [event.json(schema="chunk")["index"] for event in events] == list(range(count)), "indexes of the events"


@check(
    points=3,
    after=test_stream_true_is_an_event_stream,
    rule="WHATWG HTML 9.2.5",
    hint=(
        "A stream is lines, each a field with its name; a blank line ends an event, the last too. Is its end clean?",
        (
            "json.dumps without indent leaves no line end in the data. Field names are in lower case, the bytes plain "
            "UTF-8. After the last event the generator returns, without an error."
        ),
        (
            '"data: " + json.dumps(…) + "\\n\\n" for a chunk, "event: done\\ndata: " + json.dumps(…) + "\\n\\n" at the '
            "end. In the source, each n has one backslash."
        ),
    ),
)
def test_framing_is_well_formed(client: Client, upstream: Upstream, draw: Draw) -> None:
    """every line of the stream is well-formed, and every event ends with a blank line"""
    upstream.give_all([*draw.texts(3), *draw.awkward_texts()])
    assert client.get(PATH, params=stream(upstream)).faults() == []


@check(
    points=4,
    after=test_one_event_a_chunk,
    hint=(
        "Something holds the text back: a list that is filled first, a buffer, a middleware, a wait for what is next.",
        (
            "In the generator, yield the whole event, blank line included, before you wait for the next chunk. A "
            "middleware must pass on each part of the body as it comes."
        ),
        (
            'After each pull: yield f"data: {…}\\n\\n", and StreamingResponse(events(…)) around it. A middleware '
            "returns the response without reading its body_iterator."
        ),
    ),
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
    hint=(
        "A client must tell the end from a broken connection: by a last event, whole, of its own type, with the count.",
        (
            "After the loop: yield an event with `event: done`, then let the generator return. Its type and its data "
            "belong to one event: no blank line between them, but one after them."
        ),
        (
            'yield "event: done\\ndata: " + json.dumps({"chunks": count}) + "\\n\\n", where count is the number of '
            "chunks: one more than the last index."
        ),
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
    hint=(
        "Quotes, line ends, blanks, emoji, nothing: all of it is text. Is any changed, dropped, or left from before?",
        (
            "Let json.dumps do the escaping, and change nothing: no strip(), no splitlines(), no encoding to ASCII, no "
            "`if chunk`. The batch makes a new list for each request."
        ),
        (
            'json.dumps({"index": index, "text": chunk}) in the stream, [chunk async for chunk in chunks] in the '
            "batch. A `while` goes on while `chunk is not None`."
        ),
    ),
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
    hint=(
        "No text is a text too: no error, no reason for another kind of answer. And nothing is left from before.",
        (
            "The first pull may find that there is nothing: anext() raises StopAsyncIteration then, unless it has a "
            "default. The closing event comes all the same. Each batch has a list of its own."
        ),
        (
            "first = await anext(chunks, None). If it is None, the generator yields the closing event alone: "
            '{"chunks": 0}. A batch begins with `found = []`, inside the function.'
        ),
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
    rule="RFC 9111 5.2.2",
    hint=(
        "A length is known only of a finished body, and a cached copy is not live. What do your header fields say?",
        (
            "Cache-Control is a header of the response. A Response with a finished body sets Content-Length, also if a "
            "middleware makes it; a StreamingResponse sets none."
        ),
        (
            'Give the response headers={"Cache-Control": "no-cache"}, and let it be a StreamingResponse, with no '
            "Content-Length added."
        ),
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
    rule="FastAPI: concurrency",
    hint=(
        "All requests share one event loop: what blocks it keeps everybody waiting. So does a lock held during a wait.",
        (
            "Inside `async def` nothing may block. Blocking code belongs in a `def` endpoint and a `def` generator, "
            "which FastAPI runs in threads. No lock is held for a whole request."
        ),
        (
            "In `async def`: async for chunk in upstream(prompt), and not blocking_upstream(prompt). With that one, "
            "make generate() and events() plain `def`. Take away any lock around them."
        ),
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
    rule="FastAPI: concurrency",
    hint=(
        "A batch waits as well. Others must find the event loop free meanwhile, no lock, and a list of their own.",
        (
            "Nothing may block there either: `async for`, or a `def` endpoint. The list is made within the request, "
            "and no lock is held while it fills."
        ),
        (
            'In `async def`: return {"chunks": [chunk async for chunk in upstream(prompt)]}. In `def`: return '
            '{"chunks": list(blocking_upstream(prompt))}.'
        ),
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
    hint=(
        "What belongs to one request is shared with no other. And the wait for a first chunk is a wait like any other.",
        (
            "Two requests share no variable and no queue: upstream and count are local, not the module's or the app's. "
            "And the first pull, before you answer, must not block either."
        ),
        (
            "In generate(): chunks = upstream(prompt); first = await anext(chunks, None). In events(): index = 0. If "
            "the pull blocks: await run_in_threadpool(next, chunks, None)."
        ),
    ),
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
    rule="RFC 9110 15.6.3",
    hint=(
        (
            "Neither the client nor your server has failed: the status must say so, and a JSON object must give the "
            "reason."
        ),
        (
            "It is the pull that raises UpstreamError, not the call of upstream(): the loop belongs in the `try`. "
            "FastAPI's HTTPException carries status and detail; a tuple is a mere list to it."
        ),
        "except UpstreamError as error: raise HTTPException(502, detail=str(error))",
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
    rule="RFC 9110 15.6.3",
    hint=(
        "Once a 200 has left, it cannot be taken back. Look first, and answer a failure as a batch does: status, JSON.",
        (
            "Pull the first chunk before you return the response: a generator runs too late. Do it in the endpoint, or "
            "in a dependency of a yielding one, and catch UpstreamError there."
        ),
        (
            "In the `try`: first = await anext(chunks, None). Then: except UpstreamError as error: raise "
            "HTTPException(502, detail=str(error)). The generator gets first and chunks."
        ),
    ),
)
def test_stream_upstream_failure_is_502(client: Client, upstream: Upstream) -> None:
    """in stream mode, an upstream that fails before its first chunk is answered with 502, as JSON"""
    upstream.fail()
    response = client.get(PATH, params=stream(upstream))
    assert (response.status, response.content_type) == (502, "application/json"), "status and media type when it fails"
    response.json(schema="error")
