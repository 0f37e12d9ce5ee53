"""A blocking pull in asynchronous code: while it waits, all other requests wait, too.

Fails: any_chunk_leaves_at_once, others_are_answered_meanwhile, others_are_answered_during_a_batch
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import BlockingItems, UpstreamError, blocking_upstream

app = FastAPI()


async def events(first: str | None, rest: BlockingItems) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, next(rest, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = blocking_upstream(prompt)
    try:
        if not stream:
            return {"chunks": list(chunks)}
        first = next(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
