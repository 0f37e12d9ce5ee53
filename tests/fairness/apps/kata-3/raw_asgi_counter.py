"""Style: raw ASGI with a hand-written validator, CR line endings, and a watch for `http.disconnect`.

Liberty: the `id` is a bare count: "1", "2", ...
    "`id` is a string that no other response has, of either mode: a count, or at least 32 random bits."
"""

import asyncio
import itertools
import json
import time

from grader.kit import UpstreamError, upstream

IDS = itertools.count(1)


class BadRequest(Exception):
    pass


def require(condition: object, message: str) -> None:
    if not condition:
        raise BadRequest(message)


def parse(raw: bytes) -> dict:
    try:
        body = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is not JSON") from error
    require(isinstance(body, dict), "the body is not an object")
    require(isinstance(body.get("model"), str), "model: a string is required")
    messages = body.get("messages")
    require(isinstance(messages, list) and messages, "messages: a list with at least one message is required")
    for number, message in enumerate(messages):
        require(isinstance(message, dict), f"messages[{number}]: not an object")
        for key in ("role", "content"):
            require(isinstance(message.get(key), str), f"messages[{number}].{key}: not a string")
    require(isinstance(body.get("stream", False), bool), "stream: neither true nor false")
    options = body.get("stream_options")
    require(options is None or isinstance(options, dict), "stream_options: not an object")
    return {
        "model": body["model"],
        "prompt": messages[-1]["content"],
        "asked": len(messages),
        "stream": body.get("stream", False),
        "usage": (options or {}).get("include_usage") is True,
    }


def error_object(message: str, kind: str) -> dict:
    return {"error": {"message": message, "type": kind}}


def usage(job: dict, count: int) -> dict:
    return {"prompt_tokens": job["asked"], "completion_tokens": count, "total_tokens": job["asked"] + count}


async def send_json(send, status: int, value: dict) -> None:
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def batch(job: dict, send) -> None:
    tokens = []
    try:
        async for token in upstream(job["prompt"]):
            tokens.append(token)
    except UpstreamError as error:
        return await send_json(send, 502, error_object(str(error), "upstream_error"))
    message = {"role": "assistant", "content": "".join(tokens)}
    await send_json(
        send,
        200,
        {
            "id": str(next(IDS)),
            "object": "chat.completion",
            "created": int(time.time()),
            "model": job["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": usage(job, len(tokens)),
        },
    )


async def stream(job: dict, send) -> None:
    frame = {
        "id": str(next(IDS)),
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": job["model"],
    }

    async def put(data: str, more: bool = True) -> None:
        body = f"data: {data}\r\r".encode()
        await send({"type": "http.response.body", "body": body, "more_body": more})

    async def chunk(delta: dict, reason: str | None = None) -> None:
        await put(json.dumps({**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}))

    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await chunk({"role": "assistant", "content": ""})
    count = 0
    async with upstream(job["prompt"]) as tokens:
        try:
            async for token in tokens:
                count += 1
                await chunk({"content": token})
        except UpstreamError as error:
            return await put(json.dumps(error_object(str(error), "upstream_error")), more=False)
    await chunk({}, "stop")
    if job["usage"]:
        await put(json.dumps({**frame, "choices": [], "usage": usage(job, count)}))
    await put("[DONE]", more=False)


async def app(scope, receive, send) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    if (scope["method"], scope["path"]) != ("POST", "/v1/chat/completions"):
        return await send_json(send, 404, error_object("no such endpoint", "invalid_request_error"))
    raw, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        raw += message.get("body", b"")
        more = message.get("more_body", False)
    try:
        job = parse(bytes(raw))
    except BadRequest as error:
        return await send_json(send, 400, error_object(str(error), "invalid_request_error"))
    if not job["stream"]:
        return await batch(job, send)

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.ensure_future(stream(job, send)), asyncio.ensure_future(watch())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
