"""Each stream has its own indexes, but the count for the closing event is a variable that all streams share.

Fails: every_stream_ends_with_done
"""

import json
from collections.abc import AsyncIterator
from itertools import count as counting

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
total = 0


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    global total
    total, chunk, indexes = 0, first, counting()
    while chunk is not None:
        index = next(indexes)
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        total = index + 1
        chunk = await anext(rest, None)
    yield f"event: done\ndata: {json.dumps({'chunks': total})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
