"""The prompt is kept in a variable of the module, where the next request replaces it.

Fails: prompt_is_passed_on
May fail: many_streams_at_once, many_batches_at_once, batch_upstream_failure_is_502, stream_upstream_failure_is_502,
    every_stream_ends_with_done
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
latest = {"prompt": ""}


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await anext(rest, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    latest["prompt"] = prompt
    await asyncio.sleep(0)
    chunks = upstream(latest["prompt"])
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
