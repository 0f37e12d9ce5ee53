"""All streams share a pool of four threads, and each keeps one while it waits.

Fails: many_streams_at_once
"""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import BlockingItems, UpstreamError, blocking_upstream, upstream

app = FastAPI()
pool = ThreadPoolExecutor(4)


async def pulled(chunks: BlockingItems) -> str | None:
    return await asyncio.get_running_loop().run_in_executor(pool, next, chunks, None)


async def events(first: str | None, rest: BlockingItems) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await pulled(rest)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = blocking_upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in upstream(prompt)]}
        first = await pulled(chunks)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
