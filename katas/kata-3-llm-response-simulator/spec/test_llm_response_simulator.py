"""Kata 3: an LLM's completion, token by token, in the format of Chat Completions."""

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from itertools import product, takewhile, zip_longest
from math import ceil, floor, log2
from typing import Any

from grader.spec import Asked, Client, Disconnect, Draw, Pace, Recorded, Response, ServerSentEvent, Upstream, check, law

PATH = "/v1/chat/completions"
DONE = "[DONE]"
ROLES = ("system", "developer", "user", "assistant", "tool")
#: More failures in a row than an app may take as a reason to ask no more.
FAILURES = 9
#: The number of callers that the contract names.
CALLERS = 32
#: Bytes of tokens that may be pulled and not yet read. A stall shows within about 100 KiB (uvicorn buffers 64 KiB, and
#: the grader keeps the socket buffers small); 1 MiB leaves room for right apps with a queue, and for other servers.
BOUND = 1 << 20
#: Bits of an id, if it is drawn at random. Four hex digits have 16.
BITS = 32
#: Characters of a prompt, more than limits that people choose.
LONGEST = 66_000
#: Words, and characters after them: an app that copies what is left of a prompt for each of its words copies gigabytes,
#: and one that looks at each word once needs milliseconds.
SHORT_WORDS, REST = " a" * 90_000, 280_000
#: Seconds by which a clock that is read from a cache may be behind.
COARSE = 0.05

#: What several checks require, word for word from README.md.
ALL_TEXT = (
    "The deltas add up to the content of the batch, whatever characters are in it, even if there are no tokens at all."
)
ONE_CHUNK = "Each token is the `content` of one chunk, and that chunk reaches the client before the next token exists."
MANY_CLIENTS = (
    "Many clients send requests at the same time, at least 32, in either mode; none of them waits for another, and "
    "each gets the tokens of its own request."
)
A_BAD_BODY = (
    "A body that is not JSON, or does not fit the table above, is refused with `400` or `422`, as "
    "`application/json` with an error object, even if it asks for a stream."
)
A_DISCONNECT = (
    "A client that disconnects from a stream costs at most one more token, whether it closes the "
    "connection while nothing is sent, or aborts it while tokens are on their way."
)
#: A body in chunks (RFC 9112 7.1), whose media type has a parameter.
IN_CHUNKS = {"Content-Type": "application/json; charset=utf-8", "Transfer-Encoding": "chunked"}
#: What a client that reads streams sends, a browser's EventSource for one.
EVENT_SOURCE = {"Accept": "text/event-stream"}
USAGE = {"stream_options": {"include_usage": True}}
COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
#: A batch, a stream, and a stream with its usage.
MODES: tuple[dict[str, Any], ...] = ({"stream": False}, {"stream": True}, {"stream": True, **USAGE})
SHAPE = (
    "Each event but the last is a `chat.completion.chunk` object, as JSON in its data, and the type of "
    "each event is `message`."
)


# -- requests --------------------------------------------------------------------------------------------------------


def asking(upstream: Upstream, *, stream: bool = True, model: str = "kata", **more: object) -> dict[str, object]:
    messages = [{"role": "user", "content": upstream.key}]
    return {"model": model, "messages": messages, "stream": stream, **more}


@cache  # nearly all laws ask this of all requests
def fits(asked: Asked) -> bool:
    """Whether a body fits the table of the contract. What a library may convert does not."""
    match asked.json:
        case {"model": str(), "messages": [*messages], **more} if messages:
            stream, options = more.get("stream", False), more.get("stream_options")
            return all(map(is_message, messages)) and isinstance(stream, bool) and isinstance(options, dict | None)
    return False


def is_message(value: object) -> bool:
    match value:
        case {"role": str(), "content": str()}:
            return True
    return False


def is_stream(asked: Asked) -> bool:
    return fits(asked) and asked.json.get("stream", False)


def is_batch(asked: Asked) -> bool:
    return fits(asked) and not asked.json.get("stream", False)


def wants_usage(asked: Asked) -> bool:
    return is_stream(asked) and (asked.json.get("stream_options") or {}).get("include_usage") is True


def wants_no_usage(asked: Asked) -> bool:
    return is_stream(asked) and not wants_usage(asked)


# -- responses -------------------------------------------------------------------------------------------------------


def parsed(events: Iterable[ServerSentEvent]) -> list[Any]:
    """The chunks among ``events``. The sentinel after them, in quotes or not, is graded by one law alone."""
    return [event.json(schema="chunk") for event in events if event.data.strip('"') != DONE]


def chunks(response: Response) -> list[Any]:
    """The chunks of a whole stream."""
    return parsed(response.events())


@cache
def recorded(response: Recorded) -> list[Any]:
    """The chunks of any stream that was begun: of one that failed, those before the error.

    Events of another shape are left out: one law alone is about those.
    """
    events = response.events() if response.status == 200 else []
    found = []
    for event in events if response.failure is None else takewhile(is_before_an_error, events):
        with suppress(AssertionError):
            found += parsed([event])
    return found


def is_served(response: Recorded) -> bool:
    """Whether it was begun, and the upstream was opened for it: other checks are about what keeps an app from that."""
    return response.status == 200 and response.openings > 0


def is_before_an_error(event: ServerSentEvent) -> bool:
    """False for an error object, and for the sentinel; what is not JSON at all is neither."""
    with suppress(AssertionError):
        match event.json() if event.data != DONE else {"error": DONE}:
            case {"error": error} if error:  # a chunk may have a further key of that name, such as null
                return False
    return True


def ends_well(event: ServerSentEvent) -> bool:
    """Whether it says that the completion is whole."""
    with suppress(AssertionError):
        match event.json() if event.data != DONE else {"choices": [{"finish_reason": "stop"}]}:
            case {"choices": [{"finish_reason": "stop"}, *_]}:
                return True
    return False


def objects(response: Recorded) -> list[Any]:
    """The chunks of any stream; the completion of a batch that was read whole."""
    if is_stream(response.asked):
        return recorded(response)
    is_completion = response.is_whole and (response.status, response.content_type) == (200, "application/json")
    return [response.json(schema="completion")] if is_completion and response.failure is None else []


def choices(found: list[Any]) -> list[Any]:
    return [choice for chunk in found for choice in chunk["choices"]]


def text(found: list[Any]) -> str:
    return "".join(choice["delta"].get("content") or "" for choice in choices(found))


def said(response: Response, *, stream: bool) -> str:
    """The text of a whole response in either mode."""
    if stream:
        return text(chunks(response))
    return str(response.json(schema="completion")["choices"][0]["message"]["content"])


def heard(response: Response, *, stream: bool) -> str:
    """The text of a whole response in either mode, or its status."""
    return said(response, stream=stream) if response.status == 200 else f"status {response.status}"


def told(client: Client, upstream: Upstream, **body: Any) -> str:
    """The text of the response to this body, or its status."""
    return heard(client.post(PATH, json=asking(upstream, **body)), stream=body["stream"])


def next_token(response: Response) -> str:
    """The text of the next chunk that has any: the role may come in a chunk of its own."""
    while not (token := text([response.next_event().json(schema="chunk")])):
        pass
    return token


def passed_on(upstream: Upstream, response: Response, token: str) -> str:
    """The text of the next chunk, when ``token`` has been given."""
    upstream.give(token)
    return next_token(response)


def finish(upstream: Upstream, response: Response) -> None:
    """Read a response to its end, so that laws about whole ones see it."""
    upstream.end()
    response.wait_for_end()


# -- the completion as a whole ---------------------------------------------------------------------------------------


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
    assert said(response, stream=False) == "".join(tokens), "content of the message"


@check(
    points=1,
    after=test_batch_is_one_completion,
    requirement="The prompt is the content of the last message, whatever its role, exactly as it came.",
)
def test_prompt_is_the_last_message(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the prompt is the content of the last message, whatever its role, and whatever messages come before it"""
    before = [{"role": role, "content": draw.word()} for role in ROLES * 26] + [{"role": "user", "content": ""}]
    for role, is_json in product(ROLES, (False, True)):  # as what a tool returns
        asked = upstream.another(f'{{"x":["{draw.key()}"],\n"y":1}}' if is_json else None)
        asked.give_all(tokens := draw.texts(3))
        messages = [*before, {"role": role, "content": asked.key}]
        response = client.post(PATH, json={"model": "kata", "messages": messages})
        assert response.status == 200, f"status where the last message is of role {role}"
        assert said(response, stream=False) == "".join(tokens), f"content where the last message is of role {role}"


@check(
    points=1,
    requirement=(
        "WHATWG HTML 9.2.2: Otherwise, if res's status is not 200, or if res's `Content-Type` is not "
        "`text/event-stream`, then fail the connection."
    ),
)
def test_stream_is_an_event_stream(client: Client, upstream: Upstream, draw: Draw) -> None:
    """with `"stream": true` the response is an event stream"""
    for accepted, http10 in (("*/*", False), ("application/json", True)):  # the body alone asks for a stream
        asked = upstream.another()
        asked.give_all(draw.texts(3))
        response = client.post(PATH, json=asking(asked), headers={"Accept": accepted}, http10=http10)
        seen = (response.status, response.content_type)
        assert seen == (200, "text/event-stream"), f"status and media type of a stream with Accept: {accepted}"


# -- the shape of a stream -------------------------------------------------------------------------------------------


@law(
    points=2,
    of=is_stream,
    failing=None,
    after=test_stream_is_an_event_stream,
    requirement="WHATWG HTML 9.2.5: event = *( comment / field ) end-of-line",
)
def test_framing_is_well_formed(response: Recorded) -> None:
    """every line of the stream is well-formed, and every event ends with a blank line"""
    assert (response.faults() if response.status == 200 else []) == []


@check(points=3, after=test_stream_is_an_event_stream, requirement=SHAPE)
def test_chunks_have_the_shape(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each event but `[DONE]` is a chat.completion.chunk object, and no event has a name"""
    tokens = draw.texts(5)
    upstream.give_all(tokens)
    events = client.post(PATH, json=asking(upstream)).events()
    contents = [choice["delta"]["content"] for choice in choices(parsed(events)) if choice["delta"].get("content")]
    assert contents == tokens, "contents of the deltas"
    assert [event.type for event in events if event.type != "message"] == [], "types of events beside message"


@law(
    points=2,
    of=is_stream,
    after=test_stream_is_an_event_stream,
    requirement="The last event is the sentinel, whose data is `[DONE]`, without quotes; then the stream ends.",
)
def test_done_ends_the_stream(response: Recorded) -> None:
    """the stream's last event is `[DONE]`, without quotes, and there is only one"""
    data = [event.data for event in response.events()] if is_served(response) else [DONE]
    assert data[-1:] == [DONE], "data of the last event"
    assert data.count(DONE) == 1, "events with [DONE]"


# -- what both modes have in common ----------------------------------------------------------------------------------


@check(points=3, after=(test_batch_is_one_completion, test_chunks_have_the_shape), requirement=ALL_TEXT)
def test_both_modes_carry_the_same_text(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the deltas add up to the content of the batch, whatever characters are in it"""
    for stream in (True, False):
        kinds, asked = list(draw.every_text().values()), upstream.another()
        tokens = [
            " \n" + "".join(sorted(kinds, key=len)[:-1]),
            *kinds,
            "\n ",
        ]  # the first has a place of its own in an app
        asked.give_all(tokens)
        response = client.post(PATH, json=asking(asked, stream=stream))
        assert said(response, stream=stream) == "".join(tokens), f"text of the {'stream' if stream else 'batch'}"


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="A completion has any number of tokens: none, one, or several hundred.",
)
def test_completion_of_any_length(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a completion may have any number of tokens, in both modes"""
    for stream in (True, False):
        tokens, asked = ["", *draw.texts(draw.many())], upstream.another()
        tokens[9::10] = [""] * len(tokens[9::10])  # where counts have another digit
        asked.give_all(tokens)
        response = client.post(PATH, json=asking(asked, stream=stream, **(USAGE if stream else {})))
        assert said(response, stream=stream) == "".join(tokens), f"text of {len(tokens)} tokens"


@check(points=1, after=(test_batch_is_one_completion, test_chunks_have_the_shape), requirement=ALL_TEXT)
def test_no_tokens_at_all(client: Client, upstream: Upstream) -> None:
    """a completion without tokens has an empty content, and begins and ends like any other"""
    upstream.end()
    assert told(client, upstream, stream=False) == "", "content of the message"
    for more in ({}, USAGE):
        response = client.post(PATH, json=asking(upstream, **more))
        assert (response.status, response.content_type) == (200, "text/event-stream"), "status and media type"
        found = chunks(response)
        assert len(found) > 0, "chunks of a completion without tokens"
        assert text(found) == "", "text of a stream without tokens"


@law(
    points=1,
    of=is_stream,
    whole=None,
    failing=None,
    after=(test_chunks_have_the_shape, test_both_modes_carry_the_same_text),
    requirement=SHAPE,
)
def test_every_event_is_a_chunk(response: Recorded) -> None:
    """each event of every stream is a chunk, `[DONE]` or the error object, and none has a name"""
    events = response.events() if is_served(response) else []
    assert [event.type for event in events if event.type != "message"] == [], "types of events beside message"
    for event in events if response.failure is None else takewhile(is_before_an_error, events):
        if event.data.strip('"') != DONE:
            event.json(schema="chunk")


@law(
    points=2,
    of=is_stream,
    whole=None,
    failing=None,
    after=test_chunks_have_the_shape,
    requirement="The first `delta` has the `role`, `assistant`, and no later one has a role.",
)
def test_role_comes_first_and_once(response: Recorded) -> None:
    """the first delta names the role assistant, and no later one names a role"""
    roles = [choice["delta"].get("role") for choice in choices(recorded(response))]
    has_any = roles or (response.is_whole and response.failure is None and is_served(response))
    assert roles == (["assistant", *([None] * (len(roles) - 1))] if has_any else []), "roles of the deltas"


@law(
    points=2,
    of=is_stream,
    after=test_chunks_have_the_shape,
    requirement="`finish_reason` is `null` until the last choice, where it is `stop`.",
)
def test_finish_reason_comes_last(response: Recorded) -> None:
    """finish_reason is null until the last choice, where it is stop"""
    reasons = [choice["finish_reason"] for choice in choices(recorded(response))]
    if is_served(response):
        assert reasons == [*([None] * (len(reasons) - 1)), "stop"], "finish_reason of the chunks"


def a_stream_over_two_seconds(client: Client, upstream: Upstream, draw: Draw) -> None:
    """With usage, as its chunk may be made elsewhere. Only where the clock's second changes do two times differ."""
    token, *more = draw.texts(2)
    with client.post(PATH, json=asking(upstream, **USAGE)) as response:
        upstream.give(token)
        upstream.wait_for_pull(2)  # then the first chunk was made
        time.sleep(1 + COARSE - time.time() % 1)  # nothing else makes a clock go on
        upstream.give_all(more)
        response.wait_for_end()


@law(
    points=1,
    of=is_stream,
    whole=None,
    failing=None,
    asks=(a_stream_over_two_seconds,),
    after=test_chunks_have_the_shape,
    requirement="All chunks of a stream have the same `id`, `created` and `model`.",
)
def test_one_id_an_answer(response: Recorded) -> None:
    """all chunks of a stream have the same id, and the same time of creation"""
    found = recorded(response)
    for key in ("id", "created"):
        values = [chunk[key] for chunk in found]
        assert values == values[:1] * len(values), f"{key} of the chunks"


def heads(responses: list[Recorded]) -> list[tuple[Recorded, dict[str, Any]]]:
    """Each response that got as far as a completion or a chunk, with the first of these."""
    return [(response, found[0]) for response in responses if (found := objects(response))]


def count_up(found: list[tuple[Recorded, str]]) -> bool:
    """Whether ids count, up or down: of two responses of which one began after the other, the ids are in order."""
    apart = found[:1]
    for response, name in found[1:]:
        if response.began > apart[-1][0].ended_at:
            apart.append((response, name))
    names = [(len(name), name) for _, name in apart]
    return names in (sorted(names), sorted(names, reverse=True))


def bits(found: list[tuple[Recorded, str]]) -> float:
    """How many bits of ids can differ, if each character of them that is not the same in all is drawn at random."""
    places = [set(place) for place in zip_longest(*(name for _, name in found))]
    differing = [letters for letters in places if len(letters) > 1]
    return len(differing) * log2(len(set().union(*differing)) or 1)


@law(
    points=1,
    of=fits,
    whole=None,
    failing=None,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="`id` is a string that no other response has, of either mode: a count, or at least 32 random bits.",
)
def test_every_answer_has_its_own_id(responses: list[Recorded]) -> None:
    """every response has an id that no other has"""
    found = [(response, head["id"]) for response, head in heads(responses)]
    ids = [name for _, name in found]
    for of in (is_batch, is_stream):
        kind = [(response, name) for response, name in found if of(response.asked)]
        if not count_up(kind):
            assert bits(kind) >= BITS, "random bits of the ids, which do not count up"
    assert [name for name in ids if ids.count(name) > 1] == [], "ids that several responses share"


@law(
    points=1,
    of=fits,
    whole=None,
    failing=None,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="`created` is the time at which the response was made, in whole seconds since 1970.",
)
def test_created_is_the_time(responses: list[Recorded]) -> None:
    """the time of creation is a time between the request and the end of its response"""
    for response, head in heads(responses):
        assert head["created"] >= floor(response.began - COARSE), "created"
        assert head["created"] <= ceil(response.ended_at), "created"


#: Keys of the contract in other letters, or within an object, where they are others.
OTHER_KEYS = {"Model": "", "MODEL": 7, "Messages": [], "Stream": 7, "STREAM": None, "session": {"role": 7, "model": 7}}


def further_keys(draw: Draw, token: str) -> list[dict[str, Any]]:
    """Keys that the contract does not name, with values that tempt, with odd ones, and with null.

    Not with values of another type: servers for real models know these keys, and may look at their types.
    """
    extras = draw.every_extra()
    own = {"id": draw.word(), "object": "list", "created": 1, "choices": [], "usage": {}, "error": None, **OTHER_KEYS}
    return [extras, {**draw.every_extreme(), **own, "stop": token}, dict.fromkeys(extras)]


def must_ignore_keys_within(client: Client, upstream: Upstream, draw: Draw, tokens: list[str]) -> None:
    """Further keys of a message, and, for a stream, of its `stream_options`."""
    more = {"name": draw.word(), "tool_calls": [], "refusal": None, "weight": 0}
    for options in (
        {"stream": False},
        {"stream": True, "stream_options": {"includeUsage": True, "include_obfuscation": True}},
    ):
        (asked := upstream.another()).give_all(tokens)
        seen = told(client, asked, messages=[{"role": "user", "content": asked.key, **more}], **options)
        assert seen == "".join(tokens), "text where the message and stream_options have further keys"


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="Ignore any key that the table does not name, at any depth, whatever its value.",
)
def test_other_keys_are_ignored(client: Client, upstream: Upstream, draw: Draw) -> None:
    """keys that the contract does not name are ignored, in both modes"""
    tokens = draw.texts(3)
    must_ignore_keys_within(client, upstream, draw, tokens)
    for stream, extras in product((False, True), further_keys(draw, tokens[1])):
        for more in (extras, *({name: value} for name, value in extras.items())):
            (asked := upstream.another()).give_all(tokens)
            seen = told(client, asked, stream=stream, **more)
            if more is not extras:
                assert seen == "".join(tokens), f"text for a body with {json.dumps(more)}"
            elif seen == "".join(tokens):
                break  # otherwise each key by itself, so that the report can name it


def models_of_every_kind(client: Client, upstream: Upstream, draw: Draw) -> None:
    for kind, model in {**draw.every_name(), "nothing in it": ""}.items():
        for more in MODES:
            asked = upstream.another()
            asked.give_all(draw.texts(1))
            response = client.post(PATH, json=asking(asked, model=model, **more))
            assert response.status == 200, f"status for a model's name with {kind}"
            response.wait_for_end()


@law(
    points=1,
    of=fits,
    whole=None,
    failing=None,
    asks=(models_of_every_kind,),
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="The `model` of a response, in both modes, is the one that the request names, exactly as it came.",
)
def test_model_is_echoed(response: Recorded) -> None:
    """the response names the model of the request, in both modes"""
    models = [each["model"] for each in objects(response)]
    assert models == [response.asked.json["model"]] * len(models), "model of the response"


def messages_before(key: str, draw: Draw) -> list[dict[str, str]]:
    """Those before the last one, which repeats one of them if it is not long."""
    said = [draw.word(), key if len(key) < LONGEST else draw.word(), draw.word()]
    return [{"role": role, "content": each} for role, each in zip(("system", "user", "assistant"), said, strict=True)]


@check(
    points=1,
    after=(test_batch_is_one_completion, test_chunks_have_the_shape),
    requirement="The prompt is the content of the last message, whatever its role, exactly as it came.",
)
def test_prompt_is_as_it_came(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the prompt reaches the upstream exactly as it came, whatever characters are in it"""
    longest = f"{draw.word()}{SHORT_WORDS} {draw.block(REST)}"
    for kind, key in {**draw.every_key(), "nothing at all": "", f"more than {LONGEST} characters": longest}.items():
        asked, before = upstream.another(key=key), messages_before(key, draw)
        for more in MODES:
            tokens = draw.texts(1)
            asked.give(*tokens)
            asked.end()
            messages = [*before, {"role": "user", "content": key}]
            assert told(client, asked, messages=messages, **more) == tokens[0], f"text for a prompt with {kind}"


@check(
    points=1,
    after=test_no_tokens_at_all,
    requirement=(
        "Each request has tokens of its own: open the upstream for it once, even if an earlier request had the same "
        "prompt, and even if the upstream fails."
    ),
)
def test_same_prompt_again(client: Client, upstream: Upstream, draw: Draw) -> None:
    """the same prompt gets new tokens each time, in both modes"""
    alike = {"seed": draw.number(1, 99), "temperature": 0, "user": draw.word()}
    response: Response | None = None
    fields: dict[str, str | bytes] = {**draw.identity()}
    for stream, (count, more) in product((False, True), ((0, {}), (3, {}), (3, alike), (3, alike))):
        tokens = draw.texts(count)
        upstream.give(*tokens)
        upstream.end()
        response = client.post(PATH, json=asking(upstream, stream=stream, **more), headers=fields, reuse=response)
        assert heard(response, stream=stream) == "".join(tokens), "text for a prompt that came before"
        fields = fields | response.kept()


def batches_with_options(client: Client, upstream: Upstream, draw: Draw) -> None:
    for more in ({"stream_options": {}}, {**USAGE, "stream": False}, {"stream": False, "stream_options": None}, USAGE):
        upstream.give(*draw.texts(2))
        upstream.end()
        response = client.post(PATH, json=without("stream", asking(upstream)) | more)
        assert response.status == 200, f"status for a batch with {json.dumps(more)}"
        response.wait_for_end()


@law(
    points=1,
    of=is_batch,
    asks=(batches_with_options,),
    after=(test_completion_of_any_length, test_same_prompt_again, test_other_keys_are_ignored),
    requirement=(
        "`completion_tokens` is the number of tokens that you pulled, empty ones included, and `total_tokens` is the "
        "sum of the other two counts."
    ),
)
def test_batch_counts_its_tokens(response: Recorded) -> None:
    """in batch mode, usage counts the tokens that were pulled, and total_tokens is the sum"""
    for usage in [found["usage"] for found in objects(response)]:
        assert usage["completion_tokens"] == len(response.items), "completion_tokens of the usage"
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"], "total_tokens"


def streams_with_usage(client: Client, upstream: Upstream, draw: Draw) -> None:
    for tokens in (draw.texts(draw.number(3, 9)), ["", ",", " ", "!", "", "a b"], []):
        upstream.give(*tokens)
        upstream.end()
        client.post(PATH, json=asking(upstream, **USAGE)).wait_for_end()


def a_batch_and_a_stream_alike(client: Client, upstream: Upstream, draw: Draw) -> None:
    tokens, found = draw.texts(3), []
    for more in ({"stream": False}, USAGE):
        upstream.give(*tokens)
        upstream.end()
        response = client.post(PATH, json=asking(upstream, **more))
        last = chunks(response)[-1] if more is USAGE else response.json(schema="completion")
        found.append({name: (last.get("usage") or {}).get(name) for name in COUNTS})
    assert found[1] == found[0], "usage of a stream, where a batch has the same prompt and the same tokens"


def streams_without_usage(client: Client, upstream: Upstream, draw: Draw) -> None:
    for options in ({}, None, {"include_usage": False, "includeUsage": True}):
        upstream.give(*draw.texts(3))
        upstream.end()
        client.post(PATH, json=asking(upstream, stream_options=options)).wait_for_end()


@law(
    points=2,
    of=wants_usage,
    asks=(streams_with_usage, a_batch_and_a_stream_alike),
    after=(test_completion_of_any_length, test_no_tokens_at_all, test_same_prompt_again),
    requirement="Chat Completions: If set, an additional chunk will be streamed before the `data: [DONE]` message.",
)
def test_usage_when_asked_for(response: Recorded) -> None:
    """with include_usage, one more chunk before `[DONE]` has the usage, and no choices"""
    found = recorded(response)
    if response.status != 200:
        return
    counting = [chunk for chunk in found if chunk.get("usage")]
    assert len(counting) == 1, "number of chunks with usage"
    assert counting[0]["choices"] == [], "choices of the chunk with usage"
    assert counting == found[-1:], "the chunk with usage, which comes last"
    usage = counting[0]["usage"]
    assert usage["completion_tokens"] == len(response.items), "completion_tokens of the usage"
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"], "total_tokens of the usage"


@law(
    points=1,
    of=wants_no_usage,
    whole=None,
    failing=None,
    asks=(streams_without_usage,),
    after=test_chunks_have_the_shape,
    requirement=(
        'Without `include_usage`, no chunk has a usage or empty `choices`; `"usage": null` counts as no usage.'
    ),
)
def test_no_usage_unless_asked_for(response: Recorded) -> None:
    """without include_usage no chunk has a usage, or is without choices"""
    unasked = [chunk for chunk in recorded(response) if chunk.get("usage") or not chunk["choices"]]
    assert unasked == [], "chunks with usage that the request did not ask for"


# -- streaming -------------------------------------------------------------------------------------------------------


@check(points=4, after=test_chunks_have_the_shape, requirement=ONE_CHUNK)
def test_each_token_leaves_before_the_next_exists(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each token reaches the client before the model makes the next one"""
    for http10 in (False, True):
        with client.post(PATH, json=asking(each := upstream.another()), http10=http10) as response:
            for token in draw.texts(4):
                assert passed_on(each, response, token) == token, "content of the next delta"
            finish(each, response)


@check(
    points=2,
    after=(test_both_modes_carry_the_same_text, test_each_token_leaves_before_the_next_exists),
    requirement=(
        "A token is any text: a space, nothing at all, the same as the one before, the six characters `[DONE]`."
    ),
)
def test_any_token_leaves_before_the_next_exists(client: Client, upstream: Upstream, draw: Draw) -> None:
    """each token does so, of whatever kind: a space, an empty one, a repeated one"""
    with client.post(PATH, json=asking(upstream), headers={"Accept-Encoding": "gzip"}) as response:
        upstream.give(token := " ")
        assert next_token(response) == token, "content of the first delta"
        for kind, token in draw.every_text().items():
            upstream.give(token)
            assert text([response.next_event().json(schema="chunk")]) == token, f"content of the next delta: {kind}"
        upstream.give(*(many := draw.texts(draw.prime(521, 577))))
        assert [next_token(response) for _ in many] == many, "contents of the next deltas"
        for token in draw.texts(2):
            assert passed_on(upstream, response, token) == token, "content of a late delta"
        finish(upstream, response)


@law(
    points=2,
    of=is_stream,
    failing=None,
    after=(
        test_completion_of_any_length,
        test_any_token_leaves_before_the_next_exists,
        test_same_prompt_again,
        test_other_keys_are_ignored,
    ),
    requirement=ONE_CHUNK,
)
def test_each_token_is_one_chunk(response: Recorded) -> None:
    """each token of a stream is the content of one chunk, even an empty one"""
    found = [choice for choice in choices(recorded(response)) if not choice["finish_reason"]]
    contents, items = [choice["delta"].get("content") or "" for choice in found], response.items
    has_role_alone = len(contents) > len(items) and contents[0] == ""
    assert contents[has_role_alone:] == items, "contents of the chunks"


@check(points=2, after=test_each_token_leaves_before_the_next_exists, requirement=MANY_CLIENTS)
def test_streams_do_not_mix(client: Client, upstream: Upstream, draw: Draw) -> None:
    """two streams at the same time each carry their own tokens, while one waits, and when the other client has left"""
    other, tokens = upstream.another(), draw.texts(6)
    mine = client.post(PATH, json=asking(upstream, model=draw.word()))
    upstream.wait_for_pull()  # the first request is being served before the second is sent
    with client.post(PATH, json=asking(other, model=draw.word())) as theirs:
        for here, there in zip(tokens[:3], tokens[3:], strict=True):
            assert passed_on(other, theirs, there) == there, "content of the second stream"
            upstream.outlast_timers()
            assert passed_on(upstream, mine, here) == here, "content of the first stream"
    theirs.wait_until_noticed()
    assert passed_on(upstream, mine, tokens[0]) == tokens[0], "content of the first stream after the other was left"
    finish(upstream, mine)


def told_beside_a_stalled_client(client: Client, upstream: Upstream, draw: Draw, tokens: list[str]) -> str:
    """The text of a stream while another client does not read."""
    large, other = upstream.another(), upstream.another()
    stalled = client.post(PATH, json=asking(large), slow=True)
    large.bytes_pulled_before_stalling(draw.block(5000) for _ in range(40))
    other.give_all(tokens)
    seen = told(client, other, stream=True)
    finish(large, stalled)
    return seen


@check(
    points=4,
    after=(test_batch_is_one_completion, test_each_token_leaves_before_the_next_exists),
    requirement=MANY_CLIENTS,
)
def test_others_are_answered_meanwhile(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request gets its response while a stream waits for its next token"""
    tokens = draw.texts(draw.prime(101, 119))
    other = upstream.another()
    other.give_all(tokens)
    with client.post(PATH, json=asking(upstream)) as held:
        upstream.give(*tokens)
        assert [next_token(held) for _ in tokens] == tokens, "contents of the stream that is held"
        upstream.wait_for_pull(len(tokens) + 1)
        answer = client.post(PATH, json=asking(other, stream=False)).json(schema="completion")
    assert answer["choices"][0]["message"]["content"] == "".join(tokens), "content of the message"
    seen = told_beside_a_stalled_client(client, upstream, draw, tokens)
    assert seen == "".join(tokens), "text beside a client that does not read"


@check(points=2, after=test_batch_is_one_completion, requirement=MANY_CLIENTS)
def test_others_are_answered_during_a_batch(client: Client, upstream: Upstream, draw: Draw) -> None:
    """another request gets its response while a batch waits for its next token"""
    tokens = draw.texts(3)
    other = upstream.another()
    other.give_all(tokens)
    with client.post(PATH, json=asking(upstream, stream=False)) as held:
        upstream.give(*(texts := draw.texts(2)))
        upstream.wait_for_pull(3)
        answer = said(client.post(PATH, json=asking(other, stream=False)), stream=False)
        assert answer == "".join(tokens), "content of the other message"
        upstream.outlast_timers()
        upstream.end()
        assert said(held, stream=False) == "".join(texts), "content of the message that waited"


# -- errors ----------------------------------------------------------------------------------------------------------


#: Kinds of values that are put where they do not belong.
TELLING = ("null", "true", "a whole number", "a text", "an empty list", "a list of a text", "an object")


def wrong(draw: Draw, *right: type | None) -> list[tuple[str, Any]]:
    """Values of other types than ``right``, each with its kind."""
    values = draw.wrong_values(*right)
    return [(kind, values[kind]) for kind in TELLING if kind in values]


def without(key: str, whole: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name != key}


def bad_bodies(draw: Draw, *, stream: bool) -> dict[str, Any]:
    """Bodies that do not fit the table, each in one way, which its name says."""
    good = {"role": "user", "content": f"é {draw.word()}"}
    body = {"model": f"模型 {draw.word()}", "messages": [good], "stream": stream}
    bad = [(f"without {key}", without(key, body)) for key in ("model", "messages")]
    bad += [(f"whose model is {kind}", {**body, "model": value}) for kind, value in wrong(draw, str)]
    bad += [(f"whose messages are {kind}", {**body, "messages": value}) for kind, value in wrong(draw, list)]
    messages = [("without messages in its list", []), ("whose first message has no content", [{"role": "user"}, good])]
    messages += [("whose first message has null as its content", [{**good, "content": None}, good])]
    messages += [(f"whose message has no {key}", [without(key, good)]) for key in good]
    messages += [(f"whose first message is {kind}", [value, good]) for kind, value in wrong(draw, dict)]
    messages += [(f"whose last message is {kind}", [good, value]) for kind, value in wrong(draw, dict)]
    for key in good:
        messages += [(f"whose {key} is {kind}", [{**good, key: value}]) for kind, value in wrong(draw, str)]
    bad += [(name, {**body, "messages": value}) for name, value in messages]
    bad += [
        (f"whose stream_options are {kind}", {**body, "stream_options": value})
        for kind, value in wrong(draw, None, dict)
    ]
    return dict(bad)


def refuse(client: Client, bodies: dict[str, Any], accept: str = "*/*") -> None:
    """Each of these bodies, in bytes or in JSON, is refused with an error object."""
    for name, body in bodies.items():
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Accept": accept}
        response = client.post(PATH, content=content, headers=headers)
        assert response.status in (400, 422), f"status for a body {name}"
        assert response.content_type == "application/json", f"media type for a body {name}"
        response.json(schema="error")


def name_another_role(client: Client, upstream: Upstream, draw: Draw) -> None:
    upstream.give_all(draw.texts(1))
    messages = [{"role": draw.word(), "content": upstream.key}]
    response = client.post(PATH, json={"model": "kata", "messages": messages})
    assert response.status in (200, 400, 422), "status for a message whose role has another name"


def nearly_good(good: dict[str, Any]) -> dict[str, Any]:
    """A good body with something around it, and what other parsers than those of JSON take for one."""
    text = json.dumps(good)
    return {
        "that goes on after its object": f"{text} x".encode(),
        "that is JSON in a text": text,
        "that is a list of one body": [good],
        "with a comma before its end": f"{text[:-1]},}}".encode(),
        "in single quotes": text.replace('"', "'").encode(),
    }


@check(points=2, after=test_batch_is_one_completion, requirement=A_BAD_BODY)
def test_bad_body_is_refused(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a body that is not JSON, or has no messages, is refused with 400 or 422 and an error object"""
    name_another_role(client, upstream, draw)
    refuse(client, {"that is cut off": b'{"model": "kata", "messages": [', "that is empty": b""})
    refuse(client, {f"that is {kind}": value for kind, value in wrong(draw, dict)})
    refuse(client, bad_bodies(draw, stream=False))
    good = {"model": "kata", "messages": [{"role": "user", "content": draw.word()}]}
    refuse(client, nearly_good(good))
    values = [(kind, value) for kind, value in wrong(draw, bool) if value is not None]
    refuse(client, {f"whose stream is {kind}": {**good, "stream": value} for kind, value in values})
    content = json.dumps(good).encode().replace(b"kata", b"caf\xe9")
    response = client.post(PATH, content=content, headers={"Content-Type": "application/json"})
    assert response.status in (400, 422), "status for a body that is not UTF-8"


@check(points=2, after=test_stream_is_an_event_stream, requirement=A_BAD_BODY)
def test_bad_body_is_refused_before_a_stream(client: Client, draw: Draw) -> None:
    """a body without messages is refused in the same way when it asks for a stream"""
    refuse(client, bad_bodies(draw, stream=True), EVENT_SOURCE["Accept"])


@check(
    points=1,
    after=(test_batch_is_one_completion, test_stream_is_an_event_stream),
    requirement=(
        "Other spellings that a library takes for true or false need not be refused, but `null` and those of false, "
        'such as `"no"` and `0`, never mean a stream.'
    ),
)
def test_no_stream_unless_asked_for(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a `stream` that says no in another way, such as `"no"`, is refused or means a batch"""
    for more in ({}, *({"stream": value} for value in (None, "no", "false", "off", "f", "0", 0))):
        asked = upstream.another()
        asked.give_all(draw.texts(1))
        body = {**without("stream", asking(asked)), **more}
        response = client.post(PATH, json=body, headers={"Accept": "text/event-stream"})
        assert response.content_type == "application/json", f"media type for a body with {json.dumps(more)}"
        assert response.status in (200, 400, 422), f"status for a body with {json.dumps(more)}"


def one_that_fails_late(client: Client, failing: Upstream, tokens: list[str]) -> Response:
    """A batch that fails after ``tokens``; where there is one alone, the app's timers are over by then."""
    failing.give(*tokens)
    more, headers = (USAGE if len(tokens) == 2 else {}), (EVENT_SOURCE if len(tokens) == 1 else {})
    response = client.post(PATH, json=asking(failing, **{**more, "stream": False}), headers=headers)
    failing.wait_for_pull(len(tokens) + 1)
    if len(tokens) == 1:
        failing.outlast_timers()
    failing.fail('it is "out of order"\n\n\\')
    return response


@check(
    points=2,
    after=test_batch_is_one_completion,
    requirement=(
        "If the upstream fails in batch mode (the pull raises `UpstreamError`), the response is `502`, as "
        "`application/json` with an error object, however many tokens there were before, even none."
    ),
)
def test_batch_upstream_failure_is_502(client: Client, upstream: Upstream, draw: Draw) -> None:
    """in batch mode, an upstream that fails gives 502 and an error object"""
    for count in (2, 1, draw.prime(101, 119), *([0] * FAILURES)):
        response = one_that_fails_late(client, failing := upstream.another(), draw.texts(count))
        seen = (response.status, response.content_type)
        assert seen == (502, "application/json"), f"status and media type when pull {count + 1} fails"
        response.json(schema="error")
    failing.give_all(tokens := draw.texts(2))
    assert told(client, failing, stream=False) == "".join(tokens), "text for a prompt that has failed before"
    failing.fail()  # an app may have kept what it sent for such a case; that each asks the upstream is a law
    for _ in range(FAILURES):
        assert told(client, failing, stream=False) == "status 502", "text for a prompt that fails again"


@check(
    points=3,
    after=(test_completion_of_any_length, test_each_token_leaves_before_the_next_exists),
    requirement=(
        "If the upstream fails in mid-stream, the status has already been sent: the very next event has the "
        "error object as its data, and the stream ends cleanly after it."
    ),
)
def test_failure_in_mid_stream_is_told(client: Client, upstream: Upstream, draw: Draw) -> None:
    """when the upstream fails in mid-stream, an error object is the next and last event, without a `[DONE]`"""
    for count, more in ((3, {}), (1, USAGE), (draw.prime(101, 119), {})):
        failing, tokens = upstream.another(), draw.texts(count)
        with client.post(PATH, json=asking(failing, **more)) as response:
            failing.give(*tokens)
            assert [next_token(response) for _ in tokens] == tokens, "contents before the failure"
            failing.fail(f'{draw.word()}: "out of order"\n\n\\')
            response.next_event().json(schema="error")
            assert [event.data for event in response.events()] == [], "events after the error"
        failing.give_all(tokens)
        assert told(client, failing, stream=True) == "".join(tokens), "text for a prompt that has failed before"


def must_tell_of_a_failure(response: Response) -> None:
    """By the error object, as the last event, or as the body with 502."""
    if response.status == 502:
        assert response.content_type == "application/json", "media type of a response with 502"
        response.json(schema="error")
        return
    events = response.events()
    assert [event.data for event in events if ends_well(event)] == [], "events that say that the completion is whole"
    assert len(events) > 0, "number of events after a failure"
    events[-1].json(schema="error")


@check(
    points=1,
    after=(test_batch_upstream_failure_is_502, test_failure_in_mid_stream_is_told),
    requirement="A stream that fails before its first token may do the same, or respond with `502` like a batch.",
)
def test_failure_before_the_first_token(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a stream that fails before its first token has an error object as its last event, or as its body with 502"""
    upstream.fail()
    for more in ({}, *([USAGE] * FAILURES)):
        must_tell_of_a_failure(client.post(PATH, json=asking(upstream, **more)))
    working = upstream.another()
    working.give_all(tokens := draw.texts(2))
    assert told(client, working, stream=True) == "".join(tokens), "text of a stream after these failures"
    working.fail()
    must_tell_of_a_failure(client.post(PATH, json=asking(working)))


# -- many clients ----------------------------------------------------------------------------------------------------


def one_that_fails(client: Client, upstream: Upstream, *, stream: bool) -> None:
    """For what follows: an app that limits its clients may keep the place of one whose upstream failed."""
    failing = upstream.another()
    response = client.post(PATH, json=asking(failing, stream=stream))
    failing.wait_for_pull()
    failing.fail()
    response.sent_meanwhile()
    response.disconnect()  # it is none of the clients that follow
    response.wait_until_noticed()


def two_that_leave(client: Client, upstream: Upstream, *, stream: bool) -> None:
    """Before their first token: an app that limits its clients may keep their places, though they are none any more.

    The token of a stream comes then: a pull in a thread cannot be cancelled, so the app may learn of it late.
    """
    for asked in (upstream.another(), upstream.another()):
        response = client.post(PATH, json=asking(asked, stream=stream))
        asked.wait_for_pull()
        response.disconnect()
        response.wait_until_noticed()
        if stream:
            asked.give_all([""])


def crowd(client: Client, upstream: Upstream, draw: Draw, *, stream: bool) -> list[tuple[Upstream, Response]]:
    """As many requests as the contract names, all of which wait for their first token; one user and one key."""
    one_that_fails(client, upstream, stream=stream)
    two_that_leave(client, upstream, stream=stream)
    asked, fields = [upstream.another() for _ in range(CALLERS)], draw.identity()
    responses = [client.post(PATH, json=asking(each, stream=stream, user="kata"), headers=fields) for each in asked]
    asked[0].wait_with(asked[1:])
    return list(zip(asked, responses, strict=True))


@check(points=2, after=(test_others_are_answered_meanwhile, test_other_keys_are_ignored), requirement=MANY_CLIENTS)
def test_many_streams_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """32 streams are served at the same time, each with its own tokens, also after 32 clients have left"""
    left = crowd(client, upstream, draw, stream=True)
    for (asked, response), turn in product(left, range(3)):  # an app may hold back what is not the first
        token = draw.word()
        assert passed_on(asked, response, token) == token, f"content of delta {turn + 1} of a stream, while others wait"
    for _, response in left:
        response.disconnect()
    left[-1][1].wait_until_noticed()
    for asked, _ in left:
        asked.give_all(draw.texts(2))
    for asked, response in reversed(crowd(client, upstream, draw, stream=True)):
        asked.give_all(tokens := draw.texts(2))
        assert said(response, stream=True) == "".join(tokens), "text of a stream, while others wait"


@check(
    points=2,
    after=(test_others_are_answered_during_a_batch, test_other_keys_are_ignored),
    requirement=MANY_CLIENTS,
)
def test_many_batches_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """32 batches are served at the same time, and each gets its own tokens, the last one first"""
    for asked, response in reversed(crowd(client, upstream, draw, stream=False)):
        tokens = draw.texts(2)
        asked.give_all(tokens)
        assert said(response, stream=False) == "".join(tokens), "text of a batch, while others wait"


def two_streams_with_usage(client: Client, upstream: Upstream, draw: Draw) -> None:
    """At the same time, with three tokens and with two; the first one ends when the other has counted."""
    asked = upstream.another(), upstream.another()
    responses = [client.post(PATH, json=asking(each, **USAGE)) for each in asked]
    asked[0].wait_with(asked[1:])
    for turn in (0, 1, 0, 0, 1):
        asked[turn].give(*draw.texts(1))
        next_token(responses[turn])
    for each, response in zip(asked, responses, strict=True):
        each.end()
        response.wait_for_end()


def one_prompt_at_once(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A stream, a batch, a stream and a batch: each begins when those before have, then they take turns."""
    asked, modes = upstream.another(), (True, False, True, False)
    responses = [client.post(PATH, json=asking(asked))]
    passed_on(asked, responses[0], draw.word())
    for number, stream in enumerate(modes[1:], start=3):
        responses.append(client.post(PATH, json=asking(asked, stream=stream)))
        asked.wait_for_pull(number)
    for number, token in enumerate(draw.texts(8), start=6):
        asked.give(token)  # goes to the one that has waited longest
        asked.wait_for_pull(number)
    asked.end()
    texts = [said(response, stream=stream) for response, stream in zip(responses, modes, strict=True)]
    assert [each.count(" ") for each in texts] == [2] * 4, "tokens of four responses to one prompt at the same time"


def one_of_two_leaves(client: Client, upstream: Upstream, draw: Draw) -> None:
    """Two streams of one prompt: the client of the first leaves, the second is read to its end, then a third."""
    both, responses = upstream.another(), []
    for number in (1, 2):
        responses.append(client.post(PATH, json=asking(both)))
        both.wait_for_pull(number)
    both.give(*draw.texts(2))
    for response in responses:
        next_token(response)
    responses[0].disconnect()
    responses[0].wait_until_noticed()
    both.give_all(more := draw.texts(7))  # two may be pulled for the client that has left
    rest = text(chunks(responses[1]))
    assert sum(token in rest for token in more) >= 3, "tokens of a stream beside one of the same prompt that was left"
    both.give_all(draw.texts(2))
    client.post(PATH, json=asking(both)).wait_for_end()


def a_body_in_two_parts(client: Client, upstream: Upstream, draw: Draw) -> None:
    for stream in (False, True):
        asked = upstream.another()
        body = json.dumps(asking(asked, stream=stream), ensure_ascii=False).encode() + b"\n"
        within = len(body) - body.rindex(b"\xc3") - 1  # no part is UTF-8 by itself: a drawn key has an "é"
        hold_back = 1 if stream else within  # of the one, the first part is whole JSON
        response = client.post(PATH, content=body, headers=IN_CHUNKS, hold_back=hold_back)
        response.send_rest()
        asked.give_all(draw.texts(2))
        assert response.status == 200, "status for a body in two chunks, whose media type has a charset"


@law(
    points=1,
    of=fits,
    failing=None,
    asks=(two_streams_with_usage, one_prompt_at_once, one_of_two_leaves, a_body_in_two_parts),
    after=(
        test_prompt_is_the_last_message,
        test_prompt_is_as_it_came,
        test_same_prompt_again,
        test_many_streams_at_once,
        test_many_batches_at_once,
    ),
    requirement=(
        "Each request has tokens of its own: open the upstream for it once, even if an earlier request had the same "
        "prompt, and even if the upstream fails."
    ),
)
def test_each_request_asks_once(response: Recorded) -> None:
    """each request opens the upstream once, even if it fails"""
    if response.status in (200, 502):
        assert response.openings == 1, "upstream connections for one request"


# -- disconnecting and stalling --------------------------------------------------------------------------------------


@check(points=3, after=test_each_token_leaves_before_the_next_exists, requirement=A_DISCONNECT)
def test_hanging_up_stops_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a client that closes the connection while the model works costs at most one more token"""
    for count in (1, draw.number(31, 49)):
        asked, tokens = upstream.another(), draw.texts(count)
        with client.post(PATH, json=asking(asked)) as response:
            asked.give(*tokens)
            assert [next_token(response) for _ in tokens] == tokens, "contents before the disconnect"
            asked.wait_for_pull(count + 1)
        assert asked.pulls_after_disconnect() <= 1, "tokens pulled after the disconnect"


def must_stop_for_one_that_stalls(client: Client, upstream: Upstream, draw: Draw) -> None:
    """A client that has read nothing aborts the connection, while the app waits for it."""
    with client.post(PATH, json=asking(upstream), slow=True) as response:
        upstream.bytes_pulled_before_stalling(draw.block(5000) for _ in range(40))
        upstream.shut()
        response.disconnect(Disconnect.ABORT)
    assert upstream.pulls_after_disconnect() <= 1, "tokens pulled after the disconnect of a client that does not read"


@check(points=3, after=test_each_token_leaves_before_the_next_exists, requirement=A_DISCONNECT)
def test_breaking_off_stops_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """a client that aborts the connection with tokens unread costs at most one more token"""
    tokens = draw.texts(6)
    with client.post(PATH, json=asking(upstream, **USAGE)) as response:
        upstream.give(*tokens)
        upstream.wait_for_pull(len(tokens) + 1)
        assert next_token(response) == tokens[0], "content of the first delta"
        response.disconnect(Disconnect.ABORT)
    assert upstream.pulls_after_disconnect() <= 1, "tokens pulled after the disconnect"
    must_stop_for_one_that_stalls(client, upstream.another(), draw)


def read_late(client: Client, upstream: Upstream, tokens: list[str], *, fails: bool) -> str:
    """The text of a stream whose upstream ends, or fails, while the client does not read.

    An app may have read ahead. It pulls the end in the time that a batch with more tokens takes, if it pulls that far.
    """
    response = client.post(PATH, json=asking(upstream), slow=True)
    upstream.give(*tokens)
    if fails:
        upstream.fail()
    else:
        upstream.end()
    other = upstream.another()
    other.give(*[str(number) for number in range(4 * len(tokens))])
    other.end()
    found = []
    with suppress(AssertionError):  # that others are served, and how a stream ends, are the subjects of other checks
        told(client, other, stream=False)
    with suppress(AssertionError):
        while is_before_an_error(event := response.next_event()):
            found.append(event)
    return text(parsed(found))


@check(
    points=4,
    after=test_each_token_leaves_before_the_next_exists,
    requirement=(
        "While a client does not read, at most 1 MiB of tokens is pulled for it, and everything that was pulled "
        "arrives when it reads on, even after five seconds."
    ),
)
def test_slow_reader_slows_the_model(client: Client, upstream: Upstream, draw: Draw) -> None:
    """while a client does not read, at most 1 MiB is pulled for it, and nothing is lost when it reads on"""
    tokens = [draw.block(16 << 10) for _ in range(100)]  # 1.6 MiB: an app without backpressure exceeds the bound
    for more in ({}, USAGE):
        asked = upstream.another()
        response = client.post(PATH, json=asking(asked, **more), slow=True)
        assert asked.bytes_pulled_before_stalling(tokens) <= BOUND, "bytes pulled while the client does not read"
        asked.end()
        assert text(chunks(response)) == "".join(tokens)[: asked.given_bytes], "text once the client reads on"
    ahead = tokens[: asked.given_bytes // len(tokens[0]) - 1]  # with one more an app that reads ahead pulls no end
    for fails in (False, True):
        late = read_late(client, upstream.another(), ahead, fails=fails)
        assert late == "".join(ahead), f"text before the {'failure' if fails else 'end'} once the client reads on"


# -- pace ------------------------------------------------------------------------------------------------------------


@law(
    points=2,
    after=(test_batch_is_one_completion, test_stream_is_an_event_stream),
    requirement="The upstream sets the pace: add no delays of your own.",
)
def test_upstream_sets_the_pace(pace: Pace) -> None:
    """the app adds no delays of its own, at no time and in neither mode"""
    pace.has_no_rests()


@law(
    points=2,
    after=(test_others_are_answered_meanwhile, test_others_are_answered_during_a_batch),
    requirement=(
        "Nothing blocks the event loop for 50 ms (`time.sleep`), or computes in it for more than 100 ms at a stretch."
    ),
)
def test_nothing_blocks_the_event_loop(pace: Pace) -> None:
    """nothing blocks the event loop, at no time and in neither mode"""
    pace.never_blocks()
