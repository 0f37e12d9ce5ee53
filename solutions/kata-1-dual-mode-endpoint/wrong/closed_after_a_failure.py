"""After a failure of the upstream, the next request is refused with 503.

Fails: batch_upstream_failure_is_502, stream_upstream_failure_is_502
May fail: streams_do_not_mix, others_are_answered_during_a_batch, many_streams_at_once, many_batches_at_once,
same_prompt_again
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
broken = {"requests": 0}


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await anext(rest, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    if broken["requests"]:
        broken["requests"] -= 1
        raise HTTPException(503, detail="the upstream has just failed")
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        broken["requests"] = 1
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
