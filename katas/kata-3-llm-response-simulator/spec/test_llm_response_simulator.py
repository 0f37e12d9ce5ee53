"""Kata 3: an LLM's completion, token by token, in the format of Chat Completions."""

from typing import Any

from grader.spec import Client, Disconnect, Draw, Response, Upstream, check

PATH = "/v1/chat/completions"
DONE = "[DONE]"
#: Bytes of tokens that may be pulled and not yet read. A stall shows within about 100 KiB (uvicorn buffers 64 KiB, and
#: the grader keeps the socket buffers small); 1 MiB leaves room for right apps with a queue, and for other servers.
BOUND = 1 << 20

#: What several checks require, word for word from README.md.
ALL_TEXT = (
    "The deltas add up to the content of the batch, whatever characters are in it, even if there are no tokens at all."
)
MANY_CLIENTS = (
    "Many clients send requests at the same time, none of them waits for another, and each gets the "
    "tokens of its own request."
)
A_BAD_BODY = (
    "A body that is not JSON, or does not fit the table above, is refused with `400` or `422`, as "
    "`application/json` with an error object, even if it asks for a stream."
)
A_DISCONNECT = (
    "A client that disconnects from a stream costs at most one more token, whether it closes the "
    "connection while nothing is sent, or aborts it while tokens are on their way."
)


def asking(upstream: Upstream, *, stream: bool = True, model: str = "kata", **more: object) -> dict[str, object]:
    messages = [{"role": "user", "content": upstream.key}]
    return {"model": model, "messages": messages, "stream": stream, **more}


def chunks(response: Response) -> list[Any]:
    """The chunks of a whole stream. The sentinel after them, in quotes or not, is graded by one check alone."""
    return [event.json(schema="chunk") for event in response.events() if event.data.strip('"') != DONE]


def choices(found: list[Any]) -> list[Any]:
    return [choice for chunk in found for choice in chunk["choices"]]


def text(found: list[Any]) -> str:
    return "".join(choice["delta"].get("content") or "" for choice in choices(found))


def next_token(response: Response) -> str:
    """The text of the next chunk that has any: the role may come in a chunk of its own."""
    while not (token := text([response.next_event().json(schema="chunk")])):
        pass
    return token


@check(
    points=3,
    requirement=(
        "Without `stream`, or with `false`, the response is a batch: `200`, `application/json`, one "
        "`chat.completion` object whose content is all tokens, joined."
    ),
)
def test_batch_is_one_completion(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, one chat.completion object holds the whole text"""
    tokens = draw.texts(5)
    upstream.give_all(tokens)
    response = client.post(PATH, json={"model": "kata", "messages": [{"role": "user", "content": upstream.key}]})
    assert (response.status, response.content_type) == (200, "application/json"), "status and media type"
    answer = response.json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the message"


@check(
    points=1,
    after=test_batch_is_one_completion,
    requirement=(
        "`completion_tokens` is the number of tokens that you pulled, and `total_tokens` is the sum of the "
        "other two counts."
    ),
)
def test_batch_counts_its_tokens(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode, usage counts the tokens that were pulled, and total_tokens is the sum"""
    tokens = [*draw.texts(draw.number(3, 9)), ",", " ", "!"]
    upstream.give_all(tokens)
    usage = client.post(PATH, json=asking(upstream, stream=False)).json(schema="completion")["usage"]
    assert usage["completion_tokens"] == len(tokens), "completion_tokens of the usage"
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"], "total_tokens of the usage"


@check(
    points=1,
    after=test_batch_is_one_completion,
    requirement="The prompt is the content of the last message, exactly as it came.",
)
def test_prompt_is_the_last_message(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the prompt is the content of the last message, whatever messages come before it"""
    tokens = draw.texts(3)
    upstream.give_all(tokens)
    roles = ["system", "user", "assistant"]
    messages = [{"role": role, "content": draw.word()} for role in roles] + [{"role": "user", "content": upstream.key}]
    response = client.post(PATH, json={"model": "kata", "messages": messages})
    assert response.status == 200, "status"
    answer = response.json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the message"


@check(
    points=1,
    requirement=(
        "WHATWG HTML 9.2.2: Otherwise, if res's status is not 200, or if res's `Content-Type` is not "
        "`text/event-stream`, then fail the connection."
    ),
)
def test_stream_is_an_event_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """with `"stream": true` the response is an event stream"""
    upstream.give_all(draw.texts(3))
    response = client.post(PATH, json=asking(upstream))
    assert (response.status, response.content_type) == (200, "text/event-stream"), "status and media type of a stream"


@check(
    points=2,
    after=test_stream_is_an_event_stream,
    requirement="WHATWG HTML 9.2.5: event = *( comment / field ) end-of-line",
)
def test_framing_is_well_formed(client: Client, upstream: Upstream, draw: Draw) -> None:
    """every line of the stream is well-formed, and every event ends with a blank line"""
    upstream.give_all([*draw.texts(3), *draw.awkward_texts()])
    assert client.post(PATH, json=asking(upstream)).faults() == []


@check(
    points=3,
    after=test_stream_is_an_event_stream,
    requirement=(
        "Each event but the last is a `chat.completion.chunk` object, as JSON in its data, and no event has "
        "an `event` field."
    ),
)
def test_chunks_have_the_shape(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each event but `[DONE]` is a chat.completion.chunk object, and no event has a name"""
    tokens = draw.texts(5)
    upstream.give_all(tokens)
    events = client.post(PATH, json=asking(upstream)).events()
    found = [event.json(schema="chunk") for event in events if event.data.strip('"') != DONE]
    contents = [choice["delta"]["content"] for choice in choices(found) if choice["delta"].get("content")]
    assert contents == tokens, "contents of the deltas"
    assert [event.type for event in events if event.type != "message"] == [], "types of events beside message"


@check(
    points=2,
    after=test_chunks_have_the_shape,
    requirement="The first `delta` has the `role`, `assistant`, and no later one has a role.",
)
def test_role_comes_first_and_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the first delta names the role assistant, and no later one names a role"""
    upstream.give_all(draw.texts(3))
    found = choices(chunks(client.post(PATH, json=asking(upstream))))
    roles = [choice["delta"].get("role") for choice in found]
    assert roles == ["assistant", *([None] * (len(roles) - 1))], "roles of the deltas"


@check(
    points=2,
    after=test_chunks_have_the_shape,
    requirement="`finish_reason` is `null` until the last choice, where it is `stop`.",
)
def test_finish_reason_comes_last(client: Client, upstream: Upstream, draw: Draw) -> None:
    """finish_reason is null until the last choice, where it is stop"""
    upstream.give_all(draw.texts(3))
    found = choices(chunks(client.post(PATH, json=asking(upstream))))
    reasons = [choice["finish_reason"] for choice in found]
    assert reasons == [*([None] * (len(reasons) - 1)), "stop"], "finish_reason of the chunks"


@check(
    points=2,
    after=test_stream_is_an_event_stream,
    requirement="The last event is the sentinel, whose data is `[DONE]`, without quotes; then the stream ends.",
)
def test_done_ends_the_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the stream's last event is `[DONE]`, without quotes, and there is only one"""
    upstream.give_all(draw.texts(3))
    data = [event.data for event in client.post(PATH, json=asking(upstream)).events()]
    assert data[-1:] == [DONE], "data of the last event"
    assert data.count(DONE) == 1, "events with [DONE]"


@check(points=3, after=(test_batch_is_one_completion, test_chunks_have_the_shape), requirement=ALL_TEXT)
def test_both_modes_carry_the_same_text(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the deltas add up to the content of the batch, whatever characters are in it"""
    tokens = draw.awkward_texts()
    upstream.give_all(tokens)
    assert text(chunks(client.post(PATH, json=asking(upstream)))) == "".join(tokens), "text of the stream"
    batch = upstream.another()
    batch.give_all(tokens)
    answer = client.post(PATH, json=asking(batch, stream=False)).json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the message"


@check(points=1, after=(test_batch_is_one_completion, test_chunks_have_the_shape), requirement=ALL_TEXT)
def test_no_tokens_at_all(client: Client, upstream: Upstream) -> None:
    """a completion without tokens has an empty content, and begins and ends like any other"""
    upstream.end()
    answer = client.post(PATH, json=asking(upstream, stream=False)).json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "", "content of the message"
    found = chunks(client.post(PATH, json=asking(upstream)))
    assert text(found) == "", "text of the stream"
    assert [choice["delta"].get("role") for choice in choices(found)][:1] == ["assistant"], "role of the first delta"
    assert [choice["finish_reason"] for choice in choices(found)][-1:] == ["stop"], "finish_reason of the last chunk"


@check(
    points=1,
    after=test_chunks_have_the_shape,
    requirement="All chunks of a stream have the same `id`, `created` and `model`.",
)
def test_one_id_an_answer(client: Client, upstream: Upstream, draw: Draw) -> None:
    """all chunks of a stream have the same id, and the same time of creation"""
    upstream.give_all(draw.texts(3))
    found = chunks(client.post(PATH, json=asking(upstream)))
    for key in ("id", "created"):
        values = [chunk[key] for chunk in found]
        assert values == values[:1] * len(values), f"{key} of the chunks"


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="`id` is a string that no other response has.",
)
def test_every_answer_has_its_own_id(client: Client, upstream: Upstream, draw: Draw) -> None:
    """every response has an id that no other has"""
    ids = []
    for stream in (True, True, False, False):
        asked = upstream.another()
        asked.give_all(draw.texts(2))
        response = client.post(PATH, json=asking(asked, stream=stream))
        answer = response.next_event().json(schema="chunk") if stream else response.json(schema="completion")
        ids.append(answer["id"])
    assert [name for name in ids if ids.count(name) > 1] == [], "ids that several responses share"


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="Ignore any key of the body that is not in the table.",
)
def test_other_keys_are_ignored(client: Client, upstream: Upstream, draw: Draw) -> None:
    """keys that the contract does not name are ignored, in both modes"""
    upstream.give_all(draw.texts(2))
    for stream in (False, True):
        body = {**asking(upstream, stream=stream), "temperature": 0.5, "n": 1, draw.word(): {"any": ["thing"]}}
        response = client.post(PATH, json=body)
        assert response.status == 200, "status for a body with other keys"


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="The `model` of a response, in both modes, is the one that the request names.",
)
def test_model_is_echoed(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the response names the model of the request, in both modes"""
    model, batch = draw.word(), upstream.another()
    upstream.give_all(draw.texts(2))
    models = [chunk["model"] for chunk in chunks(client.post(PATH, json=asking(upstream, model=model)))]
    assert models == [model] * len(models), "model of the chunks"
    batch.give_all(draw.texts(2))
    answer = client.post(PATH, json=asking(batch, stream=False, model=model)).json(schema="completion")
    assert answer["model"] == model, "model of the batch"


@check(
    points=2,
    after=(test_finish_reason_comes_last, test_done_ends_the_stream),
    requirement="Chat Completions: If set, an additional chunk will be streamed before the `data: [DONE]` message.",
)
def test_usage_when_asked_for(client: Client, upstream: Upstream, draw: Draw) -> None:
    """with include_usage, one more chunk before `[DONE]` has the usage, and no choices"""
    tokens = [*draw.texts(draw.number(3, 9)), ",", " ", "!"]
    upstream.give_all(tokens)
    found = chunks(client.post(PATH, json=asking(upstream, stream_options={"include_usage": True})))
    counting = [chunk for chunk in found if chunk.get("usage")]
    assert len(counting) == 1, "number of chunks with usage"
    assert counting[0]["choices"] == [], "choices of the chunk with usage"
    assert counting == found[-1:], "the chunk with usage, which comes last"
    usage = counting[0]["usage"]
    assert usage["completion_tokens"] == len(tokens), "completion_tokens of the usage"
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"], "total_tokens of the usage"


@check(
    points=1,
    after=test_chunks_have_the_shape,
    requirement=(
        'Without `include_usage`, no chunk has a usage or empty `choices`; `"usage": null` counts as no usage.'
    ),
)
def test_no_usage_unless_asked_for(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without include_usage no chunk has a usage, or is without choices"""
    for more in ({}, {"stream_options": None}, {"stream_options": {"include_usage": False}}):
        asked = upstream.another()
        asked.give_all(draw.texts(3))
        found = chunks(client.post(PATH, json=asking(asked, **more)))
        unasked = [chunk for chunk in found if chunk.get("usage") or not chunk["choices"]]
        assert unasked == [], "chunks with usage that the request did not ask for"


@check(
    points=4,
    after=test_chunks_have_the_shape,
    requirement=(
        "Each token is the `content` of one chunk, and that chunk reaches the client before the next token exists."
    ),
)
def test_each_token_leaves_before_the_next_exists(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each token reaches the client before the model makes the next one"""
    with client.post(PATH, json=asking(upstream)) as response:
        for token in draw.texts(4):
            upstream.give(token)
            assert next_token(response) == token, "content of the next delta"


@check(points=2, after=test_each_token_leaves_before_the_next_exists, requirement=MANY_CLIENTS)
def test_streams_do_not_mix(client: Client, upstream: Upstream, draw: Draw) -> None:
    """two streams at the same time each carry their own tokens, even while one waits for its first"""
    other, tokens = upstream.another(), draw.texts(6)
    mine = client.post(PATH, json=asking(upstream))
    upstream.wait_for_pull()  # the first request is being served before the second is sent
    with client.post(PATH, json=asking(other)) as theirs:
        for here, there in zip(tokens[:3], tokens[3:], strict=True):
            other.give(there)
            assert next_token(theirs) == there, "content of the second stream"
            upstream.give(here)
            assert next_token(mine) == here, "content of the first stream"


@check(
    points=4,
    after=(test_batch_is_one_completion, test_each_token_leaves_before_the_next_exists),
    requirement=MANY_CLIENTS,
)
def test_others_are_answered_meanwhile(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request gets its response while a stream waits for its next token"""
    tokens = draw.texts(3)
    other = upstream.another()
    other.give_all(tokens)
    with client.post(PATH, json=asking(upstream)) as held:
        upstream.give(*tokens)
        assert [next_token(held) for _ in tokens] == tokens, "contents of the stream that is held"
        upstream.wait_for_pull(len(tokens) + 1)
        answer = client.post(PATH, json=asking(other, stream=False)).json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the message"


@check(points=2, after=test_batch_is_one_completion, requirement=MANY_CLIENTS)
def test_others_are_answered_during_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request gets its response while a batch waits for its next token"""
    tokens = draw.texts(3)
    other = upstream.another()
    other.give_all(tokens)
    with client.post(PATH, json=asking(upstream, stream=False)):
        upstream.give(*draw.texts(2))
        upstream.wait_for_pull(3)
        answer = client.post(PATH, json=asking(other, stream=False)).json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the other message"


@check(points=2, after=test_batch_is_one_completion, requirement=A_BAD_BODY)
def test_bad_body_is_refused(client: Client) -> None:
    """a body that is not JSON, or has no messages, is refused with 400 or 422 and an error object"""
    for body in (b'{"model": "kata", "messages": [', b'{"model": "kata"}', b'{"model": "kata", "messages": []}'):
        response = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
        assert response.status in (400, 422), "status for a bad body"
        assert response.content_type == "application/json", "media type for a bad body"
        response.json(schema="error")


@check(points=2, after=test_stream_is_an_event_stream, requirement=A_BAD_BODY)
def test_bad_body_is_refused_before_a_stream(client: Client) -> None:
    """a body without messages is refused in the same way when it asks for a stream"""
    for body in ({"model": "kata", "stream": True}, {"model": "kata", "messages": [], "stream": True}):
        response = client.post(PATH, json=body)
        assert response.status in (400, 422), "status for a bad body"
        assert response.content_type == "application/json", "media type for a bad body"
        response.json(schema="error")


@check(
    points=2,
    after=test_batch_is_one_completion,
    requirement=(
        "If the upstream fails in batch mode (the pull raises `UpstreamError`), the response is `502`, as "
        "`application/json` with an error object, however many tokens there were before."
    ),
)
def test_batch_upstream_failure_is_502(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode, an upstream that fails gives 502 and an error object"""
    upstream.give(*draw.texts(2))
    upstream.fail()
    response = client.post(PATH, json=asking(upstream, stream=False))
    assert (response.status, response.content_type) == (502, "application/json"), "status and media type when it fails"
    response.json(schema="error")


@check(
    points=3,
    after=(test_done_ends_the_stream, test_each_token_leaves_before_the_next_exists),
    requirement=(
        "If the upstream fails in mid-stream, the status has already been sent: the very next event has the "
        "error object as its data, and the stream ends cleanly after it."
    ),
)
def test_failure_in_mid_stream_is_told(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when the upstream fails in mid-stream, an error object is the next and last event, without a `[DONE]`"""
    tokens = draw.texts(3)
    with client.post(PATH, json=asking(upstream)) as response:
        upstream.give(*tokens)
        assert [next_token(response) for _ in tokens] == tokens, "contents before the failure"
        upstream.fail()
        response.next_event().json(schema="error")
        assert [event.data for event in response.events()] == [], "events after the error"


@check(points=3, after=test_each_token_leaves_before_the_next_exists, requirement=A_DISCONNECT)
def test_hanging_up_stops_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a client that closes the connection while the model works costs at most one more token"""
    with client.post(PATH, json=asking(upstream)) as response:
        upstream.give(*draw.texts(1))
        next_token(response)
        upstream.wait_for_pull(2)
    assert upstream.pulls_after_disconnect() <= 1, "tokens pulled after the disconnect"


@check(points=3, after=test_each_token_leaves_before_the_next_exists, requirement=A_DISCONNECT)
def test_breaking_off_stops_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a client that aborts the connection with tokens unread costs at most one more token"""
    tokens = draw.texts(6)
    with client.post(PATH, json=asking(upstream)) as response:
        upstream.give(*tokens)
        upstream.wait_for_pull(len(tokens) + 1)
        assert next_token(response) == tokens[0], "content of the first delta"
        response.disconnect(Disconnect.ABORT)
    assert upstream.pulls_after_disconnect() <= 1, "tokens pulled after the disconnect"


@check(
    points=4,
    after=test_each_token_leaves_before_the_next_exists,
    requirement=(
        "While a client does not read, at most 1 MiB of tokens is pulled for it, and everything that was "
        "pulled arrives when it reads on."
    ),
)
def test_slow_reader_slows_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a client does not read, at most 1 MiB is pulled for it, and nothing is lost when it reads on"""
    tokens = [draw.block(16 << 10) for _ in range(100)]  # 1.6 MiB: an app without backpressure exceeds the bound
    response = client.post(PATH, json=asking(upstream), slow=True)
    assert upstream.bytes_pulled_before_stalling(tokens) <= BOUND, "bytes pulled while the client does not read"
    upstream.end()
    assert text(chunks(response)) == "".join(tokens)[: upstream.given_bytes], "text once the client reads on"
