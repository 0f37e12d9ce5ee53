"""A batch is cached by its prompt: a second request gets the text of the first.

Fails: same_prompt_again, batch_upstream_failure_is_502
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
cache: dict[str, list[str]] = {}


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await anext(rest, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            if prompt not in cache:
                cache[prompt] = [chunk async for chunk in chunks]
            return {"chunks": cache[prompt]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
