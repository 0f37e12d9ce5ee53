"""Requests are let in 50 ms apart: of 32 at the same time, the last one waits for 1.5 seconds.

Fails: no_delays_are_added
"""

import asyncio
import json
import time

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()

SPACING = 0.05
next_start = 0.0


async def let_in() -> None:
    """Smooth bursts: at most 20 requests in a second."""
    global next_start
    now = time.monotonic()
    start = max(now, next_start)
    next_start = start + SPACING
    if start > now:
        await asyncio.sleep(start - now)


def event(data: dict, kind: str | None = None) -> str:
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(data)}\n\n"


async def first_of(chunks) -> str | None:
    try:
        return await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(status_code=502, detail=str(error)) from error


async def events(first: str | None, chunks):
    count, text = 0, first
    try:
        while text is not None:
            yield event({"index": count, "text": text})
            count += 1
            text = await anext(chunks, None)
        yield event({"chunks": count}, "done")
    finally:
        await chunks.aclose()


async def collect(first: str | None, chunks) -> list[str]:
    texts, text = [], first
    while text is not None:
        texts.append(text)
        text = await anext(chunks, None)
    return texts


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    await let_in()
    chunks = upstream(prompt)
    first = await first_of(chunks)
    if stream:
        return StreamingResponse(
            events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    return JSONResponse({"chunks": await collect(first, chunks)})
