"""Of 64 places for clients, one is lost with each request that is refused.

Fails: many_streams_at_once, many_batches_at_once
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
places = asyncio.Semaphore(64)


def sse(payload: object, event: str = "") -> str:
    """One event. JSON contains no line endings, so one `data` line holds all of it."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(payload)}\n\n"


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    try:
        count = 0
        if first is not None:
            yield sse({"index": 0, "text": first})
            count = 1
            async for chunk in rest:
                yield sse({"index": count, "text": chunk})
                count += 1
        yield sse({"chunks": count}, event="done")
    finally:
        places.release()


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: str = "false") -> StreamingResponse | dict[str, list[str]]:
    await places.acquire()
    if stream not in ("true", "false"):
        raise HTTPException(422, detail="stream is neither true nor false")
    chunks = upstream(prompt)
    try:
        if stream == "false":
            batch = {"chunks": [chunk async for chunk in chunks]}
            places.release()
            return batch
        first = await anext(chunks, None)  # once a 200 has left it cannot be taken back: so look before answering
    except UpstreamError as error:
        places.release()
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
