"""One upstream is opened to see whether it works, and a second one to stream: the first chunk is lost.

Fails: one_event_a_chunk
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


async def events(chunks: Items) -> AsyncIterator[str]:
    index = 0
    async for chunk in chunks:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index += 1
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        await anext(chunks, None)  # does it work?
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(upstream(prompt)), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
