"""A right answer to kata 1 in small parts, so that a cheat needs to replace only one. As it stands it gets full marks.

The file is copied beside the app that a test grades, so it imports nothing of the project but the kit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from grader.kit import UpstreamError, upstream

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def respond(send: Send, status: int, value: object) -> None:
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def begin(send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def write(send: Send, text: str, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})


def chunk(index: int, text: str) -> str:
    return f"data: {json.dumps({'index': index, 'text': text})}\n\n"


def done(count: int) -> str:
    return f"event: done\ndata: {json.dumps({'chunks': count})}\n\n"


async def texts(prompt: str) -> AsyncIterator[str]:
    async for text in upstream(prompt):
        yield text


async def stream(send: Send, first: str | None, rest: AsyncIterator[str]) -> None:
    await begin(send)
    index, text = 0, first
    while text is not None:
        await write(send, chunk(index, text))
        index, text = index + 1, await anext(rest, None)
    await write(send, done(index), more=False)


async def arrived(scope: dict[str, Any]) -> None:
    """Called for each request, whatever it asks for."""


async def generate(scope: dict[str, Any], send: Send) -> None:
    query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    prompt, mode = query.get("prompt", [""])[0], query.get("stream", ["false"])[0]
    if mode not in ("true", "false"):
        return await respond(send, 422, {"detail": "stream is true or false"})
    try:
        if mode == "false":
            return await respond(send, 200, {"chunks": [text async for text in texts(prompt)]})
        chunks = texts(prompt)
        first = await anext(chunks, None)
    except UpstreamError as error:
        return await respond(send, 502, {"detail": str(error)})
    return await stream(send, first, chunks)


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    await arrived(scope)
    if scope["path"] != "/generate":
        await respond(send, 404, {"detail": "there is only /generate"})
        return
    answering = asyncio.ensure_future(generate(scope, send))
    leaving = asyncio.ensure_future(gone(receive))
    await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if answering.done():
        answering.result()
    answering.cancel()


async def gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
