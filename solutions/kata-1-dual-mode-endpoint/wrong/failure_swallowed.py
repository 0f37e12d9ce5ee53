"""A failure is taken for the end: the stream ends as if nothing had failed.

Fails: stream_upstream_failure_is_502
"""

import json
import logging
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


async def events(chunks: Items) -> AsyncIterator[str]:
    index = 0
    try:
        async for chunk in chunks:
            yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
            index += 1
    except UpstreamError as error:
        logging.warning("the upstream failed: %s", error)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    if stream:
        return StreamingResponse(events(chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
    try:
        return {"chunks": [chunk async for chunk in chunks]}
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
