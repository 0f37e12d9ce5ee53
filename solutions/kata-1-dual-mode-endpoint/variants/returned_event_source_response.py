"""Returns FastAPI's EventSourceResponse, which sets the media type; format_sse_event() writes the bytes."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.sse import EventSourceResponse, format_sse_event

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


async def events(first: str | None, rest: Items) -> AsyncIterator[bytes]:
    index, chunk = 0, first
    while chunk is not None:
        yield format_sse_event(data_str=json.dumps({"index": index, "text": chunk}), id=str(index))
        index, chunk = index + 1, await anext(rest, None)
    yield format_sse_event(data_str=json.dumps({"chunks": index}), event="done")


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
