"""An `async def` endpoint around a blocking library: each pull runs in a thread, so the event loop is not blocked."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.concurrency import iterate_in_threadpool, run_in_threadpool
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


async def prepend(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for chunk in rest:
        yield chunk


async def events(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
    count = 0
    async for chunk in chunks:
        yield f"data: {json.dumps({'index': count, 'text': chunk})}\n\n"
        count += 1
    yield f"event: done\ndata: {json.dumps({'chunks': count})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    pulls = blocking_upstream(prompt)
    try:
        if not stream:
            return {"chunks": await run_in_threadpool(list[str], pulls)}
        first = await run_in_threadpool(next, pulls, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    chunks = iterate_in_threadpool(pulls)
    return StreamingResponse(
        events(chunks if first is None else prepend(first, chunks)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache"},
    )
