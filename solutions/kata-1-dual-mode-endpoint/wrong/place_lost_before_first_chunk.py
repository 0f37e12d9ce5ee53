"""Of 33 places for streams, one is lost with each client that has disconnected when its first chunk comes.

Fails: many_streams_at_once
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
places = asyncio.Semaphore(33)


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
async def generate(request: Request, prompt: str, stream: bool = False) -> Response | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        await places.acquire()
        try:
            first = await anext(chunks, None)
        except UpstreamError:
            places.release()
            raise
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    if await request.is_disconnected():
        await chunks.aclose()
        return Response(status_code=204)  # nobody is there to read more
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
