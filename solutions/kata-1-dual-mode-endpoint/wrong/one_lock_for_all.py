"""One lock for all requests: each waits until the one before has ended.

Fails: chunks_are_numbered, others_are_answered_meanwhile, others_are_answered_during_a_batch
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
lock = asyncio.Lock()


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    try:
        index, chunk = 0, first
        while chunk is not None:
            yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
            index, chunk = index + 1, await anext(rest, None)
        yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"
    finally:
        lock.release()


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    await lock.acquire()
    try:
        if not stream:
            found = [chunk async for chunk in chunks]
            lock.release()
            return {"chunks": found}
        first = await anext(chunks, None)
    except UpstreamError as error:
        lock.release()
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
