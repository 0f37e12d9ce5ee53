"""ASGI middleware sees each message as it passes: it adds a header field, and holds nothing back."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.kit import Items, UpstreamError, upstream


class Uncached:
    """Adds `Cache-Control: no-cache` to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cache-Control"] = "no-cache"
            await send(message)

        await self.app(scope, receive, stamp)


app = FastAPI()
app.add_middleware(Uncached)


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    async with aclosing(rest):
        index, chunk = 0, first
        while chunk is not None:
            yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
            index, chunk = index + 1, await anext(rest, None)
        yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(events(first, chunks), media_type="text/event-stream")
