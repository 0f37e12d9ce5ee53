"""A request whose upstream fails keeps its place among the 32 that may run in its mode.

Fails: many_streams_at_once, many_batches_at_once
May fail: chunks_are_numbered, batch_upstream_failure_is_502, stream_upstream_failure_is_502
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
batches, streams = asyncio.Semaphore(32), asyncio.Semaphore(32)


def sse(payload: object, event: str = "") -> str:
    """One event. JSON contains no line endings, so one `data` line holds all of it."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(payload)}\n\n"


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    count = 0
    try:
        if first is not None:
            yield sse({"index": 0, "text": first})
            count = 1
            async for chunk in rest:
                yield sse({"index": count, "text": chunk})
                count += 1
        yield sse({"chunks": count}, event="done")
    finally:
        streams.release()


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks, places = upstream(prompt), streams if stream else batches
    await places.acquire()
    try:
        if not stream:
            found = [chunk async for chunk in chunks]
            places.release()
            return {"chunks": found}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
