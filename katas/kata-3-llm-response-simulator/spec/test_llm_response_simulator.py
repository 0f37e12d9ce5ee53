"""Kata 3: an LLM's answer, token by token, in the Chat Completions wire shape."""

from typing import Any

from grader.spec import Client, Disconnect, Draw, Response, Upstream, check

PATH = "/v1/chat/completions"
DONE = "[DONE]"
WIRE = "Chat Completions: streaming"
BOUND = 1 << 20  # bytes of tokens that may be pulled and not yet read


def asking(upstream: Upstream, *, stream: bool = True, model: str = "kata", **more: object) -> dict[str, object]:
    messages = [{"role": "user", "content": upstream.key}]
    return {"model": model, "messages": messages, "stream": stream, **more}


def chunks(response: Response) -> list[Any]:
    """The chunks of a whole stream. How the sentinel after them is written is the affair of one check alone."""
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
    rule=WIRE,
    hint=(
        "A batch waits for the end of the upstream. Its content is all tokens, unchanged, with nothing in between.",
        (
            "Declare the body as a Pydantic model with stream: bool = False, collect the tokens into a list, and "
            "return a dict with all keys of schemas/completion.json."
        ),
        (
            'tokens = [token async for token in upstream(prompt)]; "".join(tokens) is the message\'s content, and '
            "int(time.time()) is created."
        ),
    ),
)
def test_batch_is_one_completion(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without `stream`, one chat.completion object holds the whole answer"""
    tokens = draw.texts(5)
    upstream.give_all(tokens)
    response = client.post(PATH, json={"model": "kata", "messages": [{"role": "user", "content": upstream.key}]})
    assert (response.status, response.content_type) == (200, "application/json"), "status and media type"
    answer = response.json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the message"


@check(
    points=1,
    after=test_batch_is_one_completion,
    hint=(
        "A token is what one pull gives, even a comma or a blank. The total is made of the two counts beside it.",
        "Count what you pull, and not words or characters. Send the same prompt_tokens that you add to the total.",
        'completion_tokens = len(tokens), and "total_tokens": prompt_tokens + completion_tokens.',
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
    hint=(
        "messages is a connection, oldest turn first, in all roles. It is the newest turn that wants an answer.",
        "Choose by place and not by role: index -1 counts from the end of a list. Accept any string as a role.",
        "prompt = body.messages[-1].content",
    ),
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
    rule="WHATWG HTML 9.2.3",
    hint=(
        "One path gives two kinds of answer: the body says which is wanted, and the media type says which one it is.",
        "If the body's stream is true, return a StreamingResponse. It has no media type until you name one.",
        'if body.stream: return StreamingResponse(events(body), media_type="text/event-stream"), around a generator.',
    ),
)
def test_stream_is_an_event_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """with `"stream": true` the answer is an event stream"""
    upstream.give_all(draw.texts(3))
    response = client.post(PATH, json=asking(upstream))
    assert (response.status, response.content_type) == (200, "text/event-stream"), "status and media type of a stream"


@check(
    points=2,
    after=test_stream_is_an_event_stream,
    rule="WHATWG HTML 9.2.5",
    hint=(
        "A reader goes by line ends. One too few, and no event ends; one that a token brings cuts a line in two.",
        (
            "A field is `data: ...` and a line end; a blank line ends the event, the last one too. "
            r"json.dumps writes a token's line end as \n, in two characters."
        ),
        r'yield f"data: {json.dumps(chunk)}\n\n" for each chunk, and "data: [DONE]\n\n" at the end.',
    ),
)
def test_framing_is_well_formed(client: Client, upstream: Upstream, draw: Draw) -> None:
    """every line of the stream is well-formed, and every event ends with a blank line"""
    upstream.give_all([*draw.texts(3), *draw.awkward_texts()])
    assert client.post(PATH, json=asking(upstream)).faults() == []


@check(
    points=3,
    after=test_stream_is_an_event_stream,
    rule=WIRE,
    hint=(
        (
            "A chunk is JSON of its own shape, with finish_reason even if null. "
            "It adds one token, unchanged, in a whole event without a name."
        ),
        (
            "Compare a chunk with schemas/chunk.json: a chunk has a delta where the batch has a message. "
            "Write it with json.dumps, and leave out `event:` lines."
        ),
        (
            '{**head, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": token}, '
            '"finish_reason": None}]}, where head holds id, created and model.'
        ),
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
    rule=WIRE,
    hint=(
        "Deltas add up to one message, and that has one role: a reader wants it at the start, and never again.",
        (
            "Begin with a chunk that has the role and an empty content, or put the role beside the first token. "
            "Later deltas leave it out."
        ),
        'Before the loop: yield chunk({"role": "assistant", "content": ""}). In it: yield chunk({"content": token}).',
    ),
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
    rule=WIRE,
    hint=(
        "A reader waits to hear that the answer is finished. Until the upstream has ended, the only reason is null.",
        (
            'None in each chunk of the loop, not "" and not "stop". '
            'After the loop: one more chunk, with an empty delta and the finish_reason "stop".'
        ),
        'yield chunk({}, "stop") after the loop, where def chunk(delta, finish_reason=None) makes an event.',
    ),
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
    rule=WIRE,
    hint=(
        "The sentinel tells a whole answer from a broken one. It is a whole event of plain text, sent from one place.",
        "Yield it once, at the end of the generator, as text: whatever encodes JSON would put it in quotes.",
        (
            r'The last thing to yield is "data: [DONE]\n\n", as it stands: it is no JSON. '
            'With fastapi.sse: ServerSentEvent(raw_data="[DONE]").'
        ),
    ),
)
def test_done_ends_the_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the stream's last event is `[DONE]`, without quotes, and there is only one"""
    upstream.give_all(draw.texts(3))
    data = [event.data for event in client.post(PATH, json=asking(upstream)).events()]
    assert data[-1:] == [DONE], "data of the last event"
    assert data.count(DONE) == 1, "events with [DONE]"


@check(
    points=3,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    hint=(
        "A token may hold quotes, backslashes, blanks, any line ends. None is yours to drop, change or interpret.",
        "Let json.dumps do the escaping, and change nothing about a token: no strip(), no splitlines().",
        (
            r'{"content": token} as the delta, f"data: {json.dumps(chunk)}\n\n" as the event, "".join(tokens) as the '
            "content of the batch."
        ),
    ),
)
def test_both_modes_carry_the_same_text(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the deltas add up to the batch answer's content, whatever characters are in it"""
    tokens = draw.awkward_texts()
    upstream.give_all(tokens)
    assert text(chunks(client.post(PATH, json=asking(upstream)))) == "".join(tokens), "text of the stream"
    batch = upstream.another()
    batch.give_all(tokens)
    answer = client.post(PATH, json=asking(batch, stream=False)).json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the message"


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    hint=(
        "The loop may have no turn at all. Neither the beginning of an answer nor its end may count on a token.",
        "Send the role before the loop, or after it if no token came. Without one, anext() raises StopAsyncIteration.",
        (
            'yield chunk({"role": "assistant", "content": ""}) before the loop, and yield chunk({}, "stop") after it. '
            "With anext: first = await anext(tokens, None)."
        ),
    ),
)
def test_no_tokens_at_all(client: Client, upstream: Upstream) -> None:
    """an answer without tokens has an empty content, and begins and ends like any other"""
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
    rule=WIRE,
    hint=(
        "By id and time a reader knows which chunks belong together. Both belong to the answer, and not to a chunk.",
        "Make the id and the time before the loop, and not for each chunk, as a default_factory in its model would.",
        (
            'head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": body.model} before the '
            "loop; {**head, ...} in each chunk."
        ),
    ),
)
def test_one_id_an_answer(client: Client, upstream: Upstream, draw: Draw) -> None:
    """all chunks of an answer have the same id, and the same time of creation"""
    upstream.give_all(draw.texts(3))
    found = chunks(client.post(PATH, json=asking(upstream)))
    for key in ("id", "created"):
        values = [chunk[key] for chunk in found]
        assert values == values[:1] * len(values), f"{key} of the chunks"


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    rule=WIRE,
    hint=(
        "By its id an answer is found again, a batch too. An id written down, or made at import, is the same for all.",
        "Call uuid4() from the module uuid inside the endpoint or its generator, for a batch as well as for a stream.",
        'f"chatcmpl-{uuid4().hex}", made anew for each request.',
    ),
)
def test_every_answer_has_its_own_id(client: Client, upstream: Upstream, draw: Draw) -> None:
    """every answer has an id that no other has"""
    ids = []
    for stream in (True, True, False, False):
        asked = upstream.another()
        asked.give_all(draw.texts(2))
        response = client.post(PATH, json=asking(asked, stream=stream))
        answer = response.next_event().json(schema="chunk") if stream else response.json(schema="completion")
        ids.append(answer["id"])
    assert [name for name in ids if ids.count(name) > 1] == [], "ids that several answers share"


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    hint=(
        "Real clients send temperature, user and a dozen other keys. What you do not know, you need not refuse.",
        "Pydantic ignores what a model does not name, unless told otherwise. A dataclass called with **body does not.",
        'No `extra="forbid"`: class ChatRequest(BaseModel) ignores other keys without any model_config.',
    ),
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
    hint=(
        "The name of the model is the caller's to choose. It has to get from the request into every answer.",
        "Take the name from the body, and hand it to the code that makes chunks and to the code that makes a batch.",
        '"model": body.model, in each chunk and in the batch; no constant, no default.',
    ),
)
def test_model_is_echoed(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the answer names the model that was asked for, in both modes"""
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
    rule=WIRE,
    hint=(
        (
            "A stream can be asked for its usage. That is a count of pulls, known at the end, and it stands beside no "
            "choice."
        ),
        (
            "Add one to a count in each turn of the loop. "
            'After the chunk with "stop": one with "choices": [] and the usage. Then [DONE].'
        ),
        (
            'if body.stream_options and body.stream_options.include_usage: yield a chunk with "choices": [] and '
            '"usage": usage(count), made like that of a batch.'
        ),
    ),
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
    rule=WIRE,
    hint=(
        "Many clients take choices[0] for granted. A chunk without choices breaks them, unless they asked for it.",
        (
            "stream_options may be absent, null, or have a false include_usage: each means no usage. "
            "Give both keys a default, and put an if before that chunk."
        ),
        (
            "stream_options: StreamOptions | None = None; then: if body.stream_options and "
            "body.stream_options.include_usage."
        ),
    ),
)
def test_no_usage_unless_asked_for(client: Client, upstream: Upstream, draw: Draw) -> None:
    """without include_usage no chunk has a usage, or is without choices"""
    for more in ({}, {"stream_options": None}, {"stream_options": {"include_usage": False}}):
        asked = upstream.another()
        asked.give_all(draw.texts(3))
        found = chunks(client.post(PATH, json=asking(asked, **more)))
        unasked = [chunk for chunk in found if chunk.get("usage") or not chunk["choices"]]
        assert unasked == [], "chunks with usage that nobody asked for"


@check(
    points=4,
    after=test_chunks_have_the_shape,
    hint=(
        "Something holds the text back: a list that is filled first, a buffer, a look at the next token, a middleware.",
        (
            "Give StreamingResponse a generator that yields once in each turn of the loop over the upstream. "
            "That a token was the last, a later chunk says."
        ),
        'async for token in upstream(prompt): yield chunk({"content": token}), with no list between the two.',
    ),
)
def test_each_token_leaves_before_the_next_exists(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each token reaches the client before the model makes the next one"""
    with client.post(PATH, json=asking(upstream)) as response:
        for token in draw.texts(4):
            upstream.give(token)
            assert next_token(response) == token, "content of the next delta"


@check(
    points=2,
    after=test_each_token_leaves_before_the_next_exists,
    hint=(
        "Two answers are under way at once. What they share mixes them, and a wait that blocks stops them both.",
        (
            "What belongs to one answer must live in its own request: no queue, list or iterator at module level. "
            "And no lock, and no blocking pull in `async def`."
        ),
        (
            "async def events(body): async for token in upstream(prompt). If you need a queue, make it in there. "
            "A def generator may use blocking_upstream."
        ),
    ),
)
def test_streams_do_not_mix(client: Client, upstream: Upstream, draw: Draw) -> None:
    """two streams at a time get each their own tokens, even while one waits for its first"""
    other, tokens = upstream.another(), draw.texts(6)
    with client.post(PATH, json=asking(upstream)) as mine:
        upstream.wait_for_pull()
        with client.post(PATH, json=asking(other)) as theirs:
            for here, there in zip(tokens[:3], tokens[3:], strict=True):
                other.give(there)
                assert next_token(theirs) == there, "content of the second stream"
                upstream.give(here)
                assert next_token(mine) == here, "content of the first stream"


@check(
    points=4,
    after=(test_batch_is_one_completion, test_each_token_leaves_before_the_next_exists),
    rule="FastAPI: concurrency",
    hint=(
        "One event loop serves all callers. Code that waits without await, or while it holds a lock, stops them all.",
        (
            "Inside `async def` nothing may block, the generator included. "
            "Blocking code belongs into `def`, which FastAPI runs in a thread."
        ),
        (
            "async for token in upstream(prompt), or a def generator with blocking_upstream. "
            "A blocking pull in async def: await run_in_threadpool(next, tokens, None)."
        ),
    ),
)
def test_others_are_answered_meanwhile(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request is answered while a stream waits for its next token"""
    tokens = draw.texts(3)
    other = upstream.another()
    other.give_all(tokens)
    with client.post(PATH, json=asking(upstream)) as held:
        upstream.give(*tokens)
        assert [next_token(held) for _ in tokens] == tokens, "contents of the stream that is held"
        upstream.wait_for_pull(len(tokens) + 1)
        answer = client.post(PATH, json=asking(other, stream=False)).json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the message"


@check(
    points=2,
    after=test_batch_is_one_completion,
    rule="FastAPI: concurrency",
    hint=(
        "A batch is under way as long as a stream is. While it waits, the event loop must be free for others.",
        "A batch waits as well, and nothing may block there either: `async for`, or a `def` endpoint.",
        "tokens = [token async for token in upstream(prompt)] in async def, or list(blocking_upstream(prompt)) in def.",
    ),
)
def test_others_are_answered_during_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request is answered while a batch waits for its next token"""
    tokens = draw.texts(3)
    other = upstream.another()
    other.give_all(tokens)
    with client.post(PATH, json=asking(upstream, stream=False)):
        upstream.give(*draw.texts(2))
        upstream.wait_for_pull(3)
        answer = client.post(PATH, json=asking(other, stream=False)).json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the other message"


@check(
    points=2,
    after=test_batch_is_one_completion,
    rule="RFC 9110 15.5.1",
    hint=(
        "No body can be trusted to fit. One that does not is the caller's mistake, told in the contract's own shape.",
        (
            "A Pydantic model finds what is missing, Field(min_length=1) an empty list. "
            "A handler of RequestValidationError decides how FastAPI's refusal looks."
        ),
        (
            '@app.exception_handler(RequestValidationError), and in it return JSONResponse({"error": {"message": '
            'str(error), "type": "invalid_request_error"}}, 400).'
        ),
    ),
)
def test_bad_body_is_refused(client: Client) -> None:
    """a body that is not JSON, or has no messages, is refused with 400 or 422 and an error object"""
    for body in (b'{"model": "kata", "messages": [', b'{"model": "kata"}', b'{"model": "kata", "messages": []}'):
        response = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
        assert response.status in (400, 422), "status for a bad body"
        assert response.content_type == "application/json", "media type for a bad body"
        response.json(schema="error")


@check(
    points=2,
    after=test_stream_is_an_event_stream,
    rule="RFC 9110 15.5.1",
    hint=(
        "Once a 200 has left, it cannot be taken back. A refusal comes before, as JSON in the contract's shape.",
        (
            "Look at the body before you return the response: a generator runs only when the 200 has left. "
            "A Pydantic model is checked before the endpoint runs."
        ),
        (
            "messages: list[Message] = Field(min_length=1) in the body's model, and the handler of "
            "RequestValidationError that serves the batch."
        ),
    ),
)
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
    rule="RFC 9110 15.6.3",
    hint=(
        "A failure is no end. Nothing has been sent yet, so status and body can still say so, in the contract's shape.",
        (
            "Catch UpstreamError around the whole loop, or in an exception handler, and return the error object as a "
            'JSONResponse. HTTPException alone would say {"detail": ...}.'
        ),
        (
            'except UpstreamError as error: return JSONResponse({"error": {"message": str(error), "type": '
            '"upstream_error"}}, status_code=502)'
        ),
    ),
)
def test_batch_upstream_failure_is_502(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode, an upstream that fails is answered with 502 and an error object"""
    upstream.give(*draw.texts(2))
    upstream.fail()
    response = client.post(PATH, json=asking(upstream, stream=False))
    assert (response.status, response.content_type) == (502, "application/json"), "status and media type when it fails"
    response.json(schema="error")


@check(
    points=3,
    after=(test_done_ends_the_stream, test_each_token_leaves_before_the_next_exists),
    hint=(
        "The 200 has left, so an event has to tell of the failure. What ends a whole answer would now claim too much.",
        (
            "except UpstreamError inside the generator: yield the error object, and return. "
            "[DONE] would claim success. An exception handler comes too late."
        ),
        (
            r'Around the loop: except UpstreamError as error: yield f"data: {json.dumps(failure(error))}\n\n", then '
            'return. failure makes {"error": {...}}.'
        ),
    ),
)
def test_failure_in_mid_stream_is_told(client: Client, upstream: Upstream, draw: Draw) -> None:
    """an upstream that fails in mid-stream is told of by an error object, which is the last event: no `[DONE]`"""
    tokens = draw.texts(3)
    with client.post(PATH, json=asking(upstream)) as response:
        upstream.give(*tokens)
        assert [next_token(response) for _ in tokens] == tokens, "contents before the failure"
        upstream.fail()
        response.next_event().json(schema="error")
        assert [event.data for event in response.events()] == [], "events after the error"


@check(
    points=3,
    after=test_each_token_leaves_before_the_next_exists,
    hint=(
        "A response stops when its client goes; your tasks and threads do not. A blocked event loop notices nothing.",
        (
            "Pull inside the response's own generator; a task of your own must be cancelled when its reader has gone, "
            "and the pulls of a thread closed."
        ),
        (
            "async for token in upstream(prompt) in an async def generator. "
            "With a task: try around the loop that yields, and finally: producer.cancel()."
        ),
    ),
)
def test_hanging_up_stops_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a client that leaves while the model thinks costs at most one more token"""
    with client.post(PATH, json=asking(upstream)) as response:
        upstream.give(*draw.texts(1))
        next_token(response)
        upstream.wait_for_pull(2)
    assert upstream.pulls_after_disconnect() <= 1, "tokens asked for after the client had left"


@check(
    points=3,
    after=test_each_token_leaves_before_the_next_exists,
    hint=(
        "Sending to a broken connection raises no error. A task or thread, or a blocked loop, goes on unaware.",
        (
            "Pull inside the response's own generator; a task of your own must be cancelled when its reader has gone, "
            "and no pull may block the event loop."
        ),
        (
            "In the generator's finally: producer.cancel() for a task; for a thread pulls.close(), where pulls = "
            "blocking_upstream(prompt). Without either: async for."
        ),
    ),
)
def test_breaking_off_stops_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a client whose connection breaks with tokens unread costs at most one more token"""
    tokens = draw.texts(6)
    with client.post(PATH, json=asking(upstream)) as response:
        upstream.give(*tokens)
        upstream.wait_for_pull(len(tokens) + 1)
        assert next_token(response) == tokens[0], "content of the first delta"
        response.disconnect(Disconnect.ABORT)
    assert upstream.pulls_after_disconnect() <= 1, "tokens asked for after the client had left"


@check(
    points=4,
    after=test_each_token_leaves_before_the_next_exists,
    hint=(
        "Pulls that do not wait for the reader pile up tokens. Where tokens wait must be small, and lose nothing.",
        "Let each pull wait until the chunk before it is sent: no list, no queue without a maxsize.",
        "A generator with async for and yield needs no queue. Otherwise asyncio.Queue(maxsize=4), and await its put().",
    ),
)
def test_slow_reader_slows_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a client does not read, at most 1 MiB is pulled for it, and nothing is lost when it reads on"""
    tokens = [draw.block(16 << 10) for _ in range(100)]
    response = client.post(PATH, json=asking(upstream), slow=True)
    assert upstream.bytes_pulled_before_stalling(tokens) <= BOUND, "bytes asked for while the client does not read"
    upstream.end()
    assert text(chunks(response)) == "".join(tokens)[: upstream.given_bytes], "text once the client reads on"
