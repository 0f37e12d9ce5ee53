"""The count of chunks is kept for each connection, and goes on where a client uses one again.

Fails: chunks_are_numbered
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


counts: dict[object, int] = {}


async def events(caller: object, first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = counts.get(caller, 0), first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await anext(rest, None)
        counts[caller] = index
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(request: Request, prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(request.client, first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
