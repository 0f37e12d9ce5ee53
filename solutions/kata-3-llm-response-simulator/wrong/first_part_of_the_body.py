"""Only the first part of a body that comes in several parts is read, so it is refused as broken JSON.

Fails: prompt_is_as_it_came
"""

import asyncio
import contextlib
import json
import time
import uuid

from grader.kit import UpstreamError, upstream

PATH = "/v1/chat/completions"
ROLES = {"system", "developer", "user", "assistant", "tool"}


class Invalid(Exception):
    pass


def no_constant(name):
    raise Invalid(f"{name} is not JSON")


def some_int(digits):
    return int(digits) if len(digits) < 4000 else 0


def parse(raw):
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=no_constant, parse_int=some_int)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body is not JSON: {type(error).__name__}") from None
    if not isinstance(body, dict):
        raise Invalid("the body must be an object")
    model = body.get("model")
    if not isinstance(model, str):
        raise Invalid("model: must be a string")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Invalid("messages: must be a list of at least one")
    for message in messages:
        if not isinstance(message, dict):
            raise Invalid("messages: each must be an object")
        if not isinstance(message.get("role"), str) or message["role"] not in ROLES:
            raise Invalid("messages: unknown role")
        if not isinstance(message.get("content"), str):
            raise Invalid("messages: content must be a string")
    stream = body.get("stream", False)
    if not isinstance(stream, bool):
        raise Invalid("stream: must be true or false")
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise Invalid("stream_options: must be an object")
    return {
        "model": model,
        "prompt": messages[-1]["content"],
        "prompt_tokens": sum(len(message["content"].split()) for message in messages),
        "stream": stream,
        "include_usage": options is not None and options.get("include_usage") is True,
        "body": body,
    }


async def tokens(prompt):
    async for token in upstream(prompt):
        yield token


def new_id(mode):
    return "chatcmpl-" + uuid.uuid4().hex


def usage_of(chat, count):
    return {
        "prompt_tokens": chat["prompt_tokens"],
        "completion_tokens": count,
        "total_tokens": chat["prompt_tokens"] + count,
    }


def error_object(message, kind):
    return {"error": {"message": message, "type": kind}}


def sse(data):
    return f"data: {data}\n\n".encode()


async def send_json(send, status, value):
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive):
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if parts[-1] or not message.get("more_body", False):
            return b"".join(parts)


async def batch(chat, send):
    created = int(time.time())
    parts = []
    try:
        async for token in tokens(chat["prompt"]):
            parts.append(token)
    except UpstreamError:
        await send_json(send, 502, error_object("the model failed", "upstream_error"))
        return
    await send_json(
        send,
        200,
        {
            "id": new_id("batch"),
            "object": "chat.completion",
            "created": created,
            "model": chat["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "".join(parts)},
                    "finish_reason": "stop",
                }
            ],
            "usage": usage_of(chat, len(parts)),
        },
    )


async def write_stream(chat, send, watch):
    head = {
        "id": new_id("stream"),
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": chat["model"],
    }

    async def event(data):
        await send({"type": "http.response.body", "body": sse(data), "more_body": True})

    async def chunk(delta, finish_reason=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        await event(json.dumps({**head, "choices": [choice]}))

    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await chunk({"role": "assistant", "content": ""})
    count = 0
    try:
        async with contextlib.aclosing(tokens(chat["prompt"])) as source:
            async for token in source:
                count += 1
                await chunk({"content": token})
                await asyncio.sleep(0)
    except UpstreamError:
        await event(json.dumps(error_object("the model failed", "upstream_error")))
        await send({"type": "http.response.body", "body": b""})
        return
    await chunk({}, "stop")
    if chat["include_usage"]:
        await event(json.dumps({**head, "choices": [], "usage": usage_of(chat, count)}))
    await event("[DONE]")
    await send({"type": "http.response.body", "body": b""})


async def gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def stream(chat, receive, send):
    watch = asyncio.create_task(gone(receive))
    work = asyncio.create_task(write_stream(chat, send, watch))
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        work.cancel()
        watch.cancel()
        result, _ = await asyncio.gather(work, watch, return_exceptions=True)
    if isinstance(result, Exception) and not isinstance(result, OSError):
        raise result


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    if scope["path"] != PATH:
        await send_json(send, 404, error_object("no such path", "invalid_request_error"))
        return
    if scope["method"] != "POST":
        await send_json(send, 405, error_object("POST only", "invalid_request_error"))
        return
    raw = await read_body(receive)
    if raw is None:
        return
    try:
        chat = parse(raw)
    except Invalid as error:
        await send_json(send, 400, error_object(str(error), "invalid_request_error"))
        return
    if chat["stream"]:
        await stream(chat, receive, send)
    else:
        await batch(chat, send)
