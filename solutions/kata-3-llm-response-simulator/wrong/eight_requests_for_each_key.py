"""No more than eight requests with the same Authorization are served at once.

Fails: many_streams_at_once, many_batches_at_once
"""

import asyncio
import json
import secrets
import time

from grader.kit import UpstreamError, upstream

PATH = "/v1/chat/completions"


PLACES = 8  # at the same time, for each API key
places: dict[bytes, asyncio.Semaphore] = {}


class BadRequest(Exception):
    pass


async def read_body(receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("the client has left")
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def parse(raw: bytes) -> dict:
    try:
        body = json.loads(raw.decode("utf-8"))
    except ValueError as error:
        raise BadRequest(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise BadRequest("the body must be an object")
    if not isinstance(body.get("model"), str):
        raise BadRequest("model: must be a string")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: there must be at least one")
    for message in messages:
        if not isinstance(message, dict):
            raise BadRequest("messages: each must be an object")
        if not isinstance(message.get("role"), str) or not isinstance(message.get("content"), str):
            raise BadRequest("messages: each needs a role and a content")
    try:
        (body["model"] + messages[-1]["content"]).encode()
    except UnicodeEncodeError:
        raise BadRequest("half a surrogate pair is not text") from None
    if not isinstance(body.get("stream", False), bool):
        raise BadRequest("stream: must be true or false")
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise BadRequest("stream_options: must be an object")
    return body


def error_object(message: str, kind: str) -> dict:
    return {"error": {"message": message, "type": kind}}


async def send_json(send, status: int, data: dict) -> None:
    payload = json.dumps(data).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})


def usage_of(messages: list[dict], completion: int) -> dict:
    prompt = sum(len(message["content"].split()) for message in messages)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def new_id() -> str:
    return "chatcmpl-" + secrets.token_hex(16)


async def batch(send, body: dict) -> None:
    tokens: list[str] = []
    try:
        async for token in upstream(body["messages"][-1]["content"]):
            tokens.append(token)
    except UpstreamError as error:
        await send_json(send, 502, error_object(str(error), "upstream_error"))
        return
    message = {"role": "assistant", "content": "".join(tokens)}
    completion = {
        "id": new_id(),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage_of(body["messages"], len(tokens)),
    }
    await send_json(send, 200, completion)


async def stream(send, body: dict, gone: asyncio.Event) -> None:
    base = {
        "id": new_id(),
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body["model"],
    }
    include_usage = (body.get("stream_options") or {}).get("include_usage") is True

    async def put(data: str) -> None:
        await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True})

    async def put_choice(delta: dict, finish_reason: str | None = None) -> None:
        await put(json.dumps(base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}))

    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await put_choice({"role": "assistant", "content": ""})
    count = 0
    try:
        async for token in upstream(body["messages"][-1]["content"]):
            count += 1
            await put_choice({"content": token})
            if gone.is_set():
                return
    except UpstreamError as error:
        await put(json.dumps(error_object(str(error), "upstream_error")))
    else:
        await put_choice({}, "stop")
        if include_usage:
            await put(json.dumps(base | {"choices": [], "usage": usage_of(body["messages"], count)}))
        await put("[DONE]")
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def until_disconnect(receive, gone: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def lifespan(receive, send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def app(scope, receive, send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    key = dict(scope["headers"]).get(b"authorization")
    if key is None:
        await respond(scope, receive, send)
        return
    async with places.setdefault(key, asyncio.Semaphore(PLACES)):
        await respond(scope, receive, send)


async def respond(scope, receive, send) -> None:
    if scope["path"] != PATH or scope["method"] != "POST":
        await send_json(send, 404, error_object("no such resource", "invalid_request_error"))
        return
    try:
        body = parse(await read_body(receive))
    except BadRequest as error:
        await send_json(send, 400, error_object(str(error), "invalid_request_error"))
        return
    if not body.get("stream", False):
        await batch(send, body)
        return
    gone = asyncio.Event()
    watch = asyncio.create_task(until_disconnect(receive, gone))
    work = asyncio.create_task(stream(send, body, gone))
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        work.cancel()
        watch.cancel()
        results = await asyncio.gather(work, watch, return_exceptions=True)
    if isinstance(results[0], Exception):
        raise results[0]
