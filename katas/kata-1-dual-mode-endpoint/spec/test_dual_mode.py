"""Kata 1: one endpoint, two modes (WHATWG HTML 9.2)."""

from collections.abc import Callable
from contextlib import suppress
from itertools import cycle, product, takewhile

from grader.spec import Asked, Client, Draw, Pace, Recorded, Response, ServerSentEvent, Upstream, check, law

PATH = "/generate"
#: Clients at the same time, as in README.md.
CLIENTS = 32
#: More failures in a row than an app may take as a reason to ask no more.
FAILURES = 11
#: Failures in a row of one prompt, for which an app may then ask no more.
IN_A_ROW = 5
#: Kinds of prompts that an app may not be able to name in what it says of a failure.
ODD = ("other scripts", "control characters", "all line endings", "quotes and JSON")
#: Kinds of first chunks that an app may take for something else.
ODD_FIRST_CHUNKS = ("a failure in words", "JSON", "bare [DONE]", "bare null", "bare None", "empty, at the front")
#: Either is right: the one forbids a cache to reuse the response unasked, the other to store it (RFC 9111 5.2.2).
UNCACHED = ("no-cache", "no-store")
#: Upper case, a decomposed letter, HTML, a control character, and white space at the end.
AWKWARD_END = "É e\u0301<&\x00 \n"
#: Characters of a large chunk: two of them are more than 256 KiB, and one is less than 1 MiB where each is an escape.
LARGE = 140_000
BATCH_HEAD = (200, "application/json")
STREAM_HEAD = (200, "text/event-stream")
#: What a client that reads streams sends, a browser's EventSource for one.
EVENT_SOURCE = {"Accept": "text/event-stream"}

#: What several checks require, word for word from README.md.
A_BATCH = (
    "Without `stream`, or with `stream=false`, the response is a batch: `200`, `application/json`, with "
    "all chunks in order."
)
A_CHUNK = (
    "Each chunk is one event of type `message`, whose data is a JSON object: the `index` of the chunk, "
    "counted from 0, and its `text`."
)
THE_END = (
    "After the last chunk comes a closing event of type `done`, whose data says how many chunks there "
    "were; then the stream ends."
)
MANY_CLIENTS = (
    "Many clients send requests at the same time, up to 32: none of them waits for another, and each gets the "
    "chunks of its own request."
)
A_FAILURE = (
    "If the upstream fails before its first chunk, the response is `502` in both modes: "
    "`application/json`, an object with a `detail`."
)
ONE_OPENING = (
    "Each request that you do not refuse opens the upstream exactly once, also when the prompt has come before, "
    "and after a failure."
)


def batch(upstream: Upstream) -> dict[str, str]:
    return {"prompt": upstream.key}


def stream(upstream: Upstream, value: str = "true") -> dict[str, str]:
    return {"prompt": upstream.key, "stream": value}


def is_batch(asked: Asked) -> bool:
    return asked.path == PATH and asked.params.get("stream", "false") == "false"


def is_stream(asked: Asked) -> bool:
    return asked.path == PATH and asked.params.get("stream") == "true"


def is_either(asked: Asked) -> bool:
    return is_batch(asked) or is_stream(asked)


def chunks_of(response: Response | Recorded) -> list[str]:
    """The chunks of a batch."""
    found: list[str] = response.json(schema="batch")["chunks"]
    return found


def next_events(response: Response, count: int) -> list[ServerSentEvent]:
    """The next ``count`` events; fewer where the closing event comes before, which is then the last of them."""
    found: list[ServerSentEvent] = []
    while len(found) < count and (not found or found[-1].type != "done"):
        found.append(response.next_event())
    return found


def text_of(event: ServerSentEvent) -> str:
    """The text in the event of a chunk."""
    assert event.type == "message", "type of an event before the closing one"
    text: str = event.json(schema="chunk")["text"]
    return text


def next_texts(response: Response, count: int) -> list[str]:
    """The texts of the next ``count`` events; fewer where the closing event comes before."""
    return [text_of(event) for event in next_events(response, count) if event.type != "done"]


def texts_of(response: Response) -> list[str]:
    """The texts before the closing event of a stream that is read to its end."""
    return [text_of(event) for event in takewhile(lambda event: event.type != "done", response.events())]


def indexes_of(response: Response) -> list[int]:
    """The indexes of the chunks of a stream that is read to its end."""
    return [event.json(schema="chunk")["index"] for event in response.events() if event.type == "message"]


def is_right_head(response: Recorded) -> bool:
    """Whether this is the status and the media type of its mode. A wrong head is the subject of one law alone."""
    return (response.status, response.content_type) == (STREAM_HEAD if is_stream(response.asked) else BATCH_HEAD)


def messages(response: Recorded) -> list[ServerSentEvent]:
    """The events of type message so far."""
    events = response.events() if is_right_head(response) else []
    return [event for event in events if event.type == "message"]


#: How to ask for each mode, and how to read all chunks of the response.
MODES: tuple[tuple[Callable[[Upstream], dict[str, str]], Callable[[Response], list[str]]], ...] = (
    (batch, chunks_of),
    (stream, texts_of),
)


@check(points=2, requirement=A_BATCH)
def test_batch_is_the_default(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, all chunks come in order in one JSON document"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    response = client.get(PATH, params=batch(upstream))
    assert (response.status, response.content_type) == BATCH_HEAD, "status and media type without `stream`"
    assert chunks_of(response) == chunks, "chunks of the batch"


@check(points=1, after=test_batch_is_the_default, requirement=A_BATCH)
def test_stream_false_is_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the response to `stream=false` is a batch"""
    chunks = draw.texts(3)
    upstream.give_all(chunks)
    response = client.get(PATH, params=stream(upstream, "false"), headers={"Accept": "text/event-stream"})
    assert (response.status, response.content_type) == BATCH_HEAD, (
        "status and media type for stream=false, whatever Accept a client sends"
    )
    assert chunks_of(response) == chunks, "chunks of the batch"


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
    response = client.get(PATH, params=stream(upstream), headers={"Accept": "application/json"})
    assert (response.status, response.content_type) == STREAM_HEAD, (
        "status and media type for stream=true, whatever Accept a client sends"
    )


@check(
    points=1,
    after=(test_batch_is_the_default, test_stream_true_is_an_event_stream),
    requirement="A value of `stream` that is neither true nor false is refused with `422`, as `application/json`.",
)
def test_bad_value_is_refused(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a value of `stream` that is neither true nor false is refused with 422, as JSON, before the upstream is opened"""
    upstream.give_all(draw.texts(2))
    asked = [
        (f"stream={value}", client.get(PATH, params=stream(upstream, value), headers=headers))
        for headers, value in product(({}, EVENT_SOURCE), draw.every_bad_flag().values())
    ]
    for value, response in asked:
        head = (response.status, response.content_type)
        assert {value: head} == {value: (422, "application/json")}, "status and media type for a bad value"
        response.json()
    assert upstream.openings == 0, "upstream connections for refused requests"


@check(points=2, after=test_stream_true_is_an_event_stream, requirement=A_CHUNK)
def test_one_event_a_chunk(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each chunk is one event, with its index and its text as JSON"""
    chunks = draw.texts(5)
    upstream.give_all(chunks)
    with client.get(PATH, params=stream(upstream)) as response:  # done_closes_the_stream sees the rest
        events = next_events(response, len(chunks))
    assert [event.type for event in events] == ["message"] * len(chunks), "types of the chunks' events"
    assert [event.json(schema="chunk")["text"] for event in events] == chunks, "texts of the events"


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


@check(points=2, after=test_one_event_a_chunk, requirement=THE_END)
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
    chunks, other = draw.every_text(), upstream.another()
    upstream.give_all(chunks.values())
    with client.get(PATH, params=stream(upstream)) as response:
        seen = next_texts(response, len(chunks))
    assert dict(zip(chunks, seen, strict=False)) == chunks, "texts of the stream"
    other.give_all(chunks.values())
    seen = chunks_of(client.get(PATH, params=batch(other)))
    assert dict(zip(chunks, seen, strict=False)) == chunks, "chunks of the batch"


def ask_while_another_stalls(client: Client, upstream: Upstream, draw: Draw) -> None:
    """Two streams, of which one is read only when the other has ended."""
    other = upstream.another()
    stalled = client.request("GET", PATH, params=stream(upstream), slow=True)
    upstream.bytes_pulled_before_stalling(draw.block(1000) for _ in range(draw.many()))  # a queue may be full, too
    other.give_all(draw.texts(9))
    client.get(PATH, params=stream(other)).wait_for_end()
    upstream.give_all(draw.texts(2))
    stalled.wait_for_end()


@law(
    points=1,
    of=is_stream,
    whole=None,
    asks=(ask_while_another_stalls,),
    after=(test_done_closes_the_stream, test_both_modes_carry_the_same_text),
    requirement=A_CHUNK,
)
def test_chunks_are_numbered(response: Recorded) -> None:
    """the indexes of the chunks of every stream count up from 0"""
    data = [event.json() for event in messages(response)]
    chunks = [value for value in data if isinstance(value, dict) and "text" in value]
    assert [chunk.get("index") for chunk in chunks] == list(range(len(chunks))), "indexes of the events"


def kinds(draw: Draw, texts: list[str]) -> list[str]:
    """Chunks that an app may hold back: later ones, empty and blank ones, the first half of something, large ones."""
    large, halves = (draw.block(LARGE), draw.block(LARGE)), [*draw.every_opening().values(), "\r", f"{texts[14]}\r"]
    return ["", " ", *texts[:14], "", " ", "\n", *halves, large[0], "", large[1], texts[15]]


@check(
    points=2,
    after=(test_each_chunk_leaves_before_the_next_exists, test_both_modes_carry_the_same_text),
    requirement="Each event is sent at once: it reaches the client before the next chunk exists.",
)
def test_any_chunk_leaves_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """also a later chunk, an empty or a long one reaches the client before the next one exists"""
    *texts, last, very_last = draw.texts(draw.prime(521, 577))
    with client.get(PATH, params=stream(upstream), headers={"Accept-Encoding": "gzip"}) as response:
        for chunk in kinds(draw, texts):
            upstream.give(chunk)
            assert next_texts(response, 1) == [chunk], "text of the next event"
        upstream.give(*texts[16:])
        assert next_texts(response, len(texts[16:])) == texts[16:], "texts of the next events"
        for chunk in (last, very_last):
            upstream.give(chunk)
            assert next_texts(response, 1) == [chunk], "text of a late event"


@check(
    points=2,
    after=(test_batch_is_the_default, test_done_closes_the_stream),
    requirement=(
        "There may be any number of chunks, none or several hundred; none of them is left out, joined or repeated."
    ),
)
def test_any_number_of_chunks(client: Client, upstream: Upstream, draw: Draw) -> None:
    """both modes carry each chunk once, however many there are"""
    for count in draw.every_count()[1:]:
        chunks = [f"{text}{AWKWARD_END}" for text in draw.texts(count)]  # so each place has what careless code changes
        for ask, read in MODES:
            each = upstream.another()
            each.give_all(chunks)
            assert read(client.get(PATH, params=ask(each))) == chunks, f"chunks of a {ask.__name__} of {count}"


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
    other = upstream.another()
    for each in (upstream, other):
        each.end()
    events = client.get(PATH, params=stream(upstream)).events()
    assert [event.type for event in events] == ["done"], "types of all events"
    assert events[0].json(schema="done")["chunks"] == 0, "count in the closing event"
    assert chunks_of(client.get(PATH, params=batch(other))) == [], "chunks of the batch"


def kept_beside_another(client: Client, upstream: Upstream, draw: Draw) -> list[ServerSentEvent]:
    """The events of a stream beside which another one of the same prompt has begun before it, and was left.

    A third one comes when both are over.
    """
    responses = []
    for number in (1, 2):
        responses.append(client.get(PATH, params=stream(upstream)))
        upstream.wait_for_pull(number)
    upstream.give(*draw.texts(2))
    events = [response.next_event() for response in responses]
    responses[0].disconnect()
    responses[0].wait_until_noticed()
    upstream.give(*draw.texts(2))  # of two, one at least is for it: both streams may wait for one
    events.append(responses[1].next_event())
    upstream.end()
    events += responses[1].events()
    upstream.give_all(draw.texts(2))
    client.get(PATH, params=stream(upstream)).wait_for_end()
    return events[1:]


def ask_for_repeats(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A stream with equal and with empty chunks, which is read to its end."""
    text, other = draw.texts(2)
    upstream.give_all(["", text, text, "", "", other, text, ""])
    client.get(PATH, params=stream(upstream)).wait_for_end()


@law(
    points=1,
    of=is_stream,
    asks=(ask_for_repeats,),
    after=(
        test_chunks_are_numbered,
        test_both_modes_carry_the_same_text,
        test_any_number_of_chunks,
        test_no_chunks_at_all,
    ),
    requirement=THE_END,
)
def test_every_stream_ends_with_done(response: Recorded) -> None:
    """every stream has one event for each chunk, and then one of type done, which counts them"""
    count = len(response.items)
    events = response.events() if is_right_head(response) else []
    if not events:
        return
    assert [event.type for event in events] == ["message"] * count + ["done"], "types of all events"
    assert events[-1].json(schema="done")["chunks"] == count, "count in the closing event"


@law(
    points=3,
    of=is_stream,
    whole=None,
    after=test_stream_true_is_an_event_stream,
    requirement="WHATWG HTML 9.2.5: event = *( comment / field ) end-of-line",
)
def test_framing_is_well_formed(response: Recorded) -> None:
    """every line of every stream is well-formed, and every event ends with a blank line"""
    if is_right_head(response):
        assert response.faults() == []


@law(
    points=1,
    of=is_stream,
    whole=None,
    after=test_stream_true_is_an_event_stream,
    requirement="Every stream has a `Cache-Control` field of `no-cache` or `no-store`, and no `Content-Length`.",
)
def test_stream_is_not_cached(response: Recorded) -> None:
    """every stream has no Content-Length, and says that it must not be cached"""
    if not is_right_head(response):
        return
    assert "content-length" not in response.headers, "header fields of the stream"
    caching = response.headers.get("cache-control", "")
    directives = [part.strip().lower() for part in caching.split(",")]
    assert next((name for name in directives if name in UNCACHED), caching) in UNCACHED, "Cache-Control of the stream"


def must_take_signs(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A prompt with signs that no client needs to escape in a query (RFC 3986 3.4), and plus signs for spaces."""
    keys = f"{draw.word()};x=1!$'()*,:@/?{draw.word()}", draw.every_key()["a long run of spaces"]
    for odd, (ask, read) in product(map(upstream.another, keys), MODES):
        odd.give_all(chunks := draw.texts(2))
        query = "&".join(f"{name}={value}" for name, value in ask(odd).items()).replace(" ", "+")
        query = query.replace("stream=true", "%73tream=%74rue")
        assert read(client.get(f"{PATH}?{query}")) == chunks, f"chunks of a {ask.__name__} for “{odd.key[-40:]}”"


@check(
    points=2,
    after=(test_batch_is_the_default, test_done_closes_the_stream),
    requirement="A prompt may hold any characters: pass it on exactly as it came.",
)
def test_prompt_is_passed_on(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the prompt reaches the upstream exactly as it came, in both modes, with any characters in it"""
    must_take_signs(client, upstream, draw)
    prompts = {kind: upstream.another(key) for kind, key in draw.every_key().items()}
    given = {kind: [draw.word()] for kind in prompts}
    for ask, read in MODES:
        for kind, each in prompts.items():
            each.give_all(given[kind])
        responses = {kind: client.get(PATH, params=ask(each)) for kind, each in prompts.items()}
        for kind, response in responses.items():
            assert {kind: response.status} == {kind: 200}, f"status of a {ask.__name__}, by the prompt"
            assert {kind: read(response)} == {kind: given[kind]}, f"chunks of a {ask.__name__}, by the prompt"


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
        upstream.outlast_timers()
        upstream.give(chunks[0])
        assert next_texts(held, 1) == chunks[:1], "text of the stream that was held"


@check(points=2, after=test_batch_is_the_default, requirement=MANY_CLIENTS)
def test_others_are_answered_during_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request gets its response while a batch waits for its next chunk"""
    chunks = draw.texts(3)
    other = upstream.another()
    other.give_all(chunks)
    with client.get(PATH, params=batch(upstream)) as held:
        upstream.give(*(texts := draw.texts(2)))
        upstream.wait_for_pull(3)
        assert chunks_of(client.get(PATH, params=batch(other))) == chunks, "chunks of the other batch"
        upstream.outlast_timers()
        upstream.end()
        assert chunks_of(held) == texts, "chunks of the batch that waited"


@check(points=2, after=test_others_are_answered_meanwhile, requirement=MANY_CLIENTS)
def test_streams_do_not_mix(client: Client, upstream: Upstream, draw: Draw) -> None:
    """two streams at the same time each carry their own chunks, while one waits, and when the other client has left"""
    texts, other = draw.texts(4), upstream.another()
    waiting = client.get(PATH, params=stream(upstream))
    upstream.wait_for_pull()  # the first request is being served before the second is sent
    with client.get(PATH, params=stream(other)) as running:
        for text in texts[:2]:
            other.give(text)
            assert next_texts(running, 1) == [text], "text of the running stream"
        upstream.give(texts[2])
        assert next_texts(waiting, 1) == [texts[2]], "text of the waiting stream"
    running.wait_until_noticed()
    upstream.give(texts[3])
    assert next_texts(waiting, 1) == texts[3:], "text of the waiting stream once the other client has left"


def failures(
    client: Client, upstream: Upstream, draw: Draw, ask: Callable[[Upstream], dict[str, str]]
) -> list[Response]:
    """Responses of an upstream that fails again and again before its first chunk; the first of them fails late."""
    keys, headers = draw.every_key(), cycle(({}, EVENT_SOURCE))
    odd = [upstream.another(key=keys[kind]) for kind in ODD]
    late, *others = [upstream.another() for _ in range(FAILURES - 2 - len(odd))]
    for each in (upstream, *odd, *others):
        each.fail()
    asked = (late, upstream, upstream, *odd, *others)
    responses = [client.get(PATH, params=ask(each), headers=next(headers)) for each in asked]
    late.wait_for_pull()
    late.outlast_timers()
    late.fail()
    return responses


def statuses(client: Client, upstream: Upstream, draw: Draw, ask: Callable[[Upstream], dict[str, str]]) -> list[int]:
    """Of a prompt whose upstream works, and then fails again and again.

    An app may have kept the chunks for such a case, or may ask no more; that the upstream is opened is a law.
    """
    upstream.give_all(draw.texts(2))
    works = status_at_the_end(client.get(PATH, params=ask(upstream)))
    upstream.fail()
    return [works, *(status_at_the_end(client.get(PATH, params=ask(upstream))) for _ in range(IN_A_ROW))]


def status_at_the_end(response: Response) -> int:
    """The status, once the response is whole: laws are asked of whole ones."""
    with suppress(AssertionError):  # that it ends is the subject of a law
        response.wait_for_end()
    return response.status


@check(points=2, after=test_batch_is_the_default, requirement=A_FAILURE)
def test_batch_upstream_failure_is_502(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode, an upstream that fails before its first chunk gives 502, as JSON"""
    for response in failures(client, upstream, draw, batch):
        assert (response.status, response.content_type) == (502, "application/json"), (
            "status and media type when it fails, whatever Accept a client sends"
        )
        response.json(schema="error")
    assert statuses(client, upstream, draw, batch) == [200] + [502] * IN_A_ROW, (
        "statuses of a batch that works, and of those that fail"
    )


@check(points=2, after=test_stream_true_is_an_event_stream, requirement=A_FAILURE)
def test_stream_upstream_failure_is_502(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in stream mode, an upstream that fails before its first chunk gives 502, as JSON"""
    for response in failures(client, upstream, draw, stream):
        assert (response.status, response.content_type) == (502, "application/json"), (
            "status and media type when it fails, whatever Accept a client sends"
        )
        response.json(schema="error")
    assert statuses(client, upstream, draw, stream) == [200] + [502] * IN_A_ROW, (
        "statuses of a stream that works, and of those that fail"
    )


def one_that_fails(client: Client, upstream: Upstream, ask: Callable[[Upstream], dict[str, str]]) -> None:
    """For what follows: an app that limits its clients may keep the place of one whose upstream failed."""
    failing = upstream.another()
    response = client.get(PATH, params=ask(failing))
    failing.wait_for_pull()
    failing.fail()
    response.sent_meanwhile()
    response.disconnect()  # it is none of the clients that follow
    response.wait_until_noticed()


def two_that_leave(client: Client, upstream: Upstream, ask: Callable[[Upstream], dict[str, str]]) -> None:
    """Before their first chunk: an app that limits its clients may keep their places, though they are none any more.

    The chunk of a stream comes then: a pull in a thread cannot be cancelled, so the app may learn of it late.
    """
    for each in (upstream.another(), upstream.another()):
        response = client.get(PATH, params=ask(each))
        each.wait_for_pull()
        response.disconnect()
        response.wait_until_noticed()
        if ask is stream:
            each.give_all([""])


@check(points=2, after=test_streams_do_not_mix, requirement=MANY_CLIENTS)
def test_many_streams_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """32 clients get their streams at the same time, each with its own chunks"""
    one_that_fails(client, upstream, stream)
    two_that_leave(client, upstream, stream)
    clients, fields = [upstream.another() for _ in range(CLIENTS)], draw.identity()
    responses = [client.get(PATH, params=stream(each), headers=fields) for each in clients]
    clients[0].wait_with(clients[1:])
    for _ in range(3):  # an app that has much to do may hold back what is not the first
        texts = draw.texts(CLIENTS)
        for each, text in zip(clients, texts, strict=True):
            each.give(text)
        assert [next_texts(response, 1) for response in responses] == [[text] for text in texts], "texts of the streams"


@check(points=2, after=test_others_are_answered_during_a_batch, requirement=MANY_CLIENTS)
def test_many_batches_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """32 clients get their batches at the same time, each with its own chunks"""
    one_that_fails(client, upstream, batch)
    two_that_leave(client, upstream, batch)
    clients, fields = [upstream.another() for _ in range(CLIENTS)], draw.identity()
    responses = [client.get(PATH, params=batch(each), headers=fields) for each in clients]
    clients[0].wait_with(clients[1:])
    for each, response in zip(reversed(clients), reversed(responses), strict=True):
        each.give_all(chunks := draw.texts(2))
        assert chunks_of(response) == chunks, "chunks of one of the batches"


#: Modes in which a prompt comes again, and which chunks: an app may remember what it sent in either mode.
AGAIN = tuple(
    (MODES[mode], chunks)
    for mode, chunks in ((0, (0, 2)), (0, (0, 0)), (1, (2, 4)), (1, (0, 0)), (1, (4, 6)), (0, (6, 8)), (0, (6, 8)))
)


def four_at_once(client: Client, upstream: Upstream, draw: Draw) -> list[Response]:
    """A stream, a batch, a stream and a batch of one prompt: each begins when those before have; they take turns."""
    responses = [client.get(PATH, params=stream(upstream))]
    upstream.give(draw.word())
    responses[0].next_event()
    for number, ask in enumerate((batch, stream, batch), start=3):
        responses.append(client.get(PATH, params=ask(upstream)))
        upstream.wait_for_pull(number)
    for number, text in enumerate(draw.texts(8), start=6):
        upstream.give(text)  # goes to the one that has waited longest
        upstream.wait_for_pull(number)
    upstream.end()
    return responses


def must_be_four(responses: list[Response]) -> None:
    """Those to the streams and batches of one prompt: each has the last two chunks for itself."""
    indexes = [indexes_of(each) for each in responses[::2]]
    upward = [[first, first + 1] for first, *_ in indexes]  # from which number on is the subject of a law
    assert indexes == upward, "last two indexes of two streams of one prompt"
    assert [len(chunks_of(each)) for each in responses[1::2]] == [2, 2], "chunks of two batches of one prompt"


@check(
    points=1,
    after=(test_no_chunks_at_all, test_many_streams_at_once, test_many_batches_at_once),
    requirement=ONE_OPENING,
)
def test_same_prompt_again(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a prompt that has come before, or comes twice at the same time, opens the upstream again"""
    fields: dict[str, str | bytes] = {**draw.identity(), "If-None-Match": "*"}
    earlier, texts = None, draw.texts(8)
    for (ask, read), (first, last) in AGAIN:
        upstream.give_all(chunks := texts[first:last])
        earlier = client.get(PATH, params=ask(upstream), headers=fields, reuse=earlier)
        assert read(earlier) == chunks, f"chunks of the next {ask.__name__}"
        fields |= earlier.kept()
    must_be_four(four_at_once(client, upstream.another(), draw))
    events = kept_beside_another(client, upstream.another(), draw)
    assert len(events) >= 3, "events of a stream beside one of the same prompt that was left"
    assert events[-1].json(schema="done")["chunks"] == len(events) - 1, "count in the closing event of that stream"


@law(
    points=1,
    of=is_either,
    whole=None,
    failing=None,
    after=(
        test_prompt_is_passed_on,
        test_same_prompt_again,
        test_batch_upstream_failure_is_502,
        test_stream_upstream_failure_is_502,
    ),
    requirement=ONE_OPENING,
)
def test_upstream_is_opened_once(response: Recorded) -> None:
    """every request opens the upstream exactly once, whether it fails or not"""
    if response.is_whole or response.openings:  # one that a failed check left early may not have come that far
        assert response.openings == 1, "upstream connections for one request"


def accept_the_other_mode(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A batch for a client that would take a stream only, and the other way round; the prompt does not come first."""
    modes = (({}, BATCH_HEAD, "text/event-stream"), ({"stream": "true"}, STREAM_HEAD, "application/json"))
    for (flag, head, other), refuses in product(modes, (False, True)):
        each = upstream.another()
        shorter = sorted(draw.every_text().values(), key=len)[:-1]
        each.give_all(["".join(shorter), *draw.texts(1)])  # the first chunk has a place of its own in an app
        headers = {**draw.every_field(), "Accept": [f"{head[1]};q=0", other] if refuses else other}
        response = client.get(PATH, params={**flag, **batch(each)}, headers=headers, http10=refuses)
        assert (response.status, response.content_type) == head, "status and media type, whatever fields a client sends"
        response.wait_for_end()


def ask_for_odd_first_chunks(client: Client, upstream: Upstream, draw: Draw) -> None:
    """The first chunk looks like a failure or like the end; in the last case all chunks are empty. In both modes."""
    texts = draw.every_text()
    for (ask, _), kind in product(MODES, ODD_FIRST_CHUNKS):
        each = upstream.another()
        each.give_all([texts[kind], *([""] * draw.number(1, 2))])
        client.get(PATH, params=ask(each)).wait_for_end()


def ask_after_a_failure(client: Client, upstream: Upstream, draw: Draw) -> None:
    """The prompt of a batch that fails after a chunk comes again; how the first one ends is left to the app."""
    failing = upstream.another()
    response = client.get(PATH, params=batch(failing))
    failing.give(*draw.texts(1))
    failing.wait_for_pull(2)
    failing.fail()
    response.sent_meanwhile()
    response.disconnect()
    response.wait_until_noticed()
    failing.give_all(draw.texts(2))
    client.get(PATH, params=batch(failing)).wait_for_end()


def ask_for_two_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """Two streams at the same time, with three chunks and with two; the first one ends when the other has counted."""
    asked = upstream.another(), upstream.another()
    responses = [client.get(PATH, params=stream(each)) for each in asked]
    asked[0].wait_with(asked[1:])
    for turn in (0, 1, 0, 0, 1):
        asked[turn].give(*draw.texts(1))
        responses[turn].next_event()
    for each, response in zip(asked, responses, strict=True):
        each.end()
        response.wait_for_end()


@law(
    points=1,
    of=is_either,
    whole=None,
    asks=(accept_the_other_mode, ask_for_odd_first_chunks, ask_after_a_failure, ask_for_two_at_once),
    after=(
        test_stream_false_is_batch,
        test_both_modes_carry_the_same_text,
        test_any_number_of_chunks,
        test_no_chunks_at_all,
        test_prompt_is_passed_on,
        test_streams_do_not_mix,
        test_same_prompt_again,
        test_batch_upstream_failure_is_502,
        test_stream_upstream_failure_is_502,
    ),
    requirement=(
        "Status and media type depend only on the mode, and on a failure before the first chunk: the chunks "
        "themselves do not change them, whatever they hold and however many there are."
    ),
)
def test_responses_are_in_their_mode(response: Recorded) -> None:
    """every response has the status and the media type of its mode, and the chunks of its own request"""
    is_event_stream = is_stream(response.asked)
    head = STREAM_HEAD if is_event_stream else BATCH_HEAD
    assert (response.status, response.content_type) == head, "status and media type"
    if is_event_stream:
        texts = [event.json(schema="chunk")["text"] for event in response.events() if event.type == "message"]
        assert texts == response.items[: len(texts)], "texts of the stream"
    elif response.is_whole:
        assert chunks_of(response) == response.items, "chunks of the batch"


@law(
    points=2,
    after=test_each_chunk_leaves_before_the_next_exists,
    requirement=(
        "The upstream sets the pace: add no delays of your own, so no rests of 50 ms or more while nothing keeps "
        "your app."
    ),
)
def test_no_delays_are_added(pace: Pace) -> None:
    """no response is delayed by the app itself, neither at its beginning, nor between its events, nor at its end"""
    pace.has_no_rests()


@law(
    points=2,
    after=(test_others_are_answered_meanwhile, test_others_are_answered_during_a_batch, test_streams_do_not_mix),
    requirement=(
        "Nothing blocks the event loop for 50 ms (`time.sleep`), or computes in it for more than 100 ms at a stretch."
    ),
)
def test_loop_is_never_blocked(pace: Pace) -> None:
    """nothing blocks the event loop, in whichever response"""
    pace.never_blocks()
