"""The sse-starlette library frames the events: it ends lines with CRLF, and sends comments while nothing happens."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from sse_starlette import EventSourceResponse, ServerSentEvent

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


async def events(first: str | None, rest: Items) -> AsyncIterator[ServerSentEvent]:
    count = 0
    if first is not None:
        yield ServerSentEvent(data=json.dumps({"index": 0, "text": first}))
        count = 1
    async for chunk in rest:
        yield ServerSentEvent(data=json.dumps({"index": count, "text": chunk}))
        count += 1
    yield ServerSentEvent(event="done", data=json.dumps({"chunks": count}))


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> EventSourceResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return EventSourceResponse(events(first, chunks), headers={"Cache-Control": "no-cache"})
