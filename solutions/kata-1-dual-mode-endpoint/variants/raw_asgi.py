"""Without a framework: plain ASGI messages, with the client's disconnect among them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from grader.kit import Items, UpstreamError, upstream

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])  # the server takes this as "no lifespan here"
    if scope["path"] != "/generate":
        return await answer(send, 404, {"detail": "there is only /generate"})
    if scope["method"] != "GET":
        return await answer(send, 405, {"detail": "only GET"}, (b"allow", b"GET"))
    query = parse_qs(scope["query_string"].decode("ascii"), keep_blank_values=True)
    prompt, mode = query.get("prompt", [None])[-1], query.get("stream", ["false"])[-1]
    if prompt is None or mode not in ("true", "false"):
        return await answer(send, 422, {"detail": "prompt is needed, and stream is true or false"})
    chunks = upstream(prompt)
    try:
        if mode == "false":
            return await answer(send, 200, {"chunks": [chunk async for chunk in chunks]})
        first = await anext(chunks, None)
    except UpstreamError as error:
        return await answer(send, 502, {"detail": str(error)})
    return await until_the_client_leaves(stream(send, first, chunks), receive)


async def answer(send: Send, status: int, body: object, *headers: tuple[bytes, bytes]) -> None:
    data = json.dumps(body).encode()
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": data})


async def stream(send: Send, first: str | None, rest: Items) -> None:
    fields = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    index, chunk = 0, first
    while chunk is not None:
        data = json.dumps({"index": index, "text": chunk})
        await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True})
        index, chunk = index + 1, await anext(rest, None)
    done = f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"
    await send({"type": "http.response.body", "body": done.encode()})


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
