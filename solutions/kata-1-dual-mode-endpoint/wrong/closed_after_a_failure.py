"""After a failure of the upstream, the next request that comes alone is refused with 503.

Fails: batch_upstream_failure_is_502, stream_upstream_failure_is_502, many_streams_at_once, many_batches_at_once
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
broken = {"requests": 0, "active": 0}


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await anext(rest, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    if broken["requests"] and not broken["active"]:
        broken["requests"] -= 1
        raise HTTPException(503, detail="the upstream has just failed")
    chunks = upstream(prompt)
    broken["active"] += 1
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        broken["requests"] = 1
        raise HTTPException(502, detail=str(error)) from error
    finally:
        broken["active"] -= 1
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
