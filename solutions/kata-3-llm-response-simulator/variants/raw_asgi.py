"""Without a framework: plain ASGI messages, with the client's disconnect among them."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

from grader.kit import UpstreamError, upstream

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
JSON = (b"content-type", b"application/json")


class BadRequest(Exception):
    """The body does not fit."""


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])  # the server takes this as "no lifespan here"
    if scope["path"] != "/v1/chat/completions":
        return await answer(send, 404, error("there is only /v1/chat/completions", "not_found_error"))
    if scope["method"] != "POST":
        return await answer(send, 405, error("only POST", "invalid_request_error"), (b"allow", b"POST"))
    try:
        asked = understood(await whole_body(receive))
    except BadRequest as refusal:
        return await answer(send, 400, error(str(refusal), "invalid_request_error"))
    if asked.get("stream"):
        return await until_the_client_leaves(stream(send, asked), receive)
    return await batch(send, asked)


async def whole_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def understood(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError as trouble:
        raise BadRequest(f"the body is not JSON: {trouble}") from trouble
    if not isinstance(asked, dict) or not isinstance(asked.get("model"), str):
        raise BadRequest("the body must be an object with a model")
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages must be a list of at least one")
    if not all(isinstance(item, dict) and isinstance(item.get("content"), str) for item in messages):
        raise BadRequest("each message needs a content")
    if not all(isinstance(item.get("role"), str) for item in messages):
        raise BadRequest("each message needs a role")
    if not isinstance(asked.get("stream_options"), dict | None):
        raise BadRequest("stream_options is an object")
    if not isinstance(asked.get("stream", False), bool):
        raise BadRequest("stream is true or false")
    return asked


def error(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def usage(asked: dict[str, Any], tokens: int) -> dict[str, int]:
    words = sum(len(message["content"].split()) for message in asked["messages"])
    return {"prompt_tokens": words, "completion_tokens": tokens, "total_tokens": words + tokens}


def common(asked: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": uuid4().hex, "object": kind, "created": int(time.time()), "model": asked["model"]}


async def answer(send: Send, status: int, body: object, *headers: tuple[bytes, bytes]) -> None:
    data = json.dumps(body).encode()
    fields = [JSON, (b"content-length", b"%d" % len(data)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": data})


async def batch(send: Send, asked: dict[str, Any]) -> None:
    try:
        tokens = [token async for token in upstream(asked["messages"][-1]["content"])]
    except UpstreamError as trouble:
        return await answer(send, 502, error(str(trouble), "server_error"))
    message = {"role": "assistant", "content": "".join(tokens)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = {**common(asked, "chat.completion"), "choices": choices, "usage": usage(asked, len(tokens))}
    return await answer(send, 200, body)


async def stream(send: Send, asked: dict[str, Any]) -> None:
    head = common(asked, "chat.completion.chunk")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})

    async def event(data: str, more: bool = True) -> None:
        await send({"type": "http.response.body", "body": b"data: %s\n\n" % data.encode(), "more_body": more})

    async def chunk(delta: dict[str, str], finish_reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        await event(json.dumps({**head, "choices": [choice]}, ensure_ascii=False))

    count = 0
    try:
        async for token in upstream(asked["messages"][-1]["content"]):
            await chunk({"content": token} if count else {"role": "assistant", "content": token})
            count += 1
    except UpstreamError as trouble:
        return await event(json.dumps(error(str(trouble), "server_error")), more=False)
    await chunk({} if count else {"role": "assistant"}, "stop")
    if (asked.get("stream_options") or {}).get("include_usage"):
        await event(json.dumps({**head, "choices": [], "usage": usage(asked, count)}))
    return await event("[DONE]", more=False)


async def until_the_client_leaves(work: Awaitable[None], receive: Receive) -> None:
    async def leaving() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(leaving())]
    try:
        finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in finished:
        task.result()  # raises what it raised
