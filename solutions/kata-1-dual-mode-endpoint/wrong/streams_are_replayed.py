"""A stream is kept by its prompt, and replayed when the prompt comes again.

Fails: stream_upstream_failure_is_502, every_stream_ends_with_done, same_prompt_again
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
cache: dict[str, list[str]] = {}


async def events(prompt: str, first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    found = []
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        found.append(chunk)
        index, chunk = index + 1, await anext(rest, None)
    cache[prompt] = found
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


async def replayed(found: list[str]) -> AsyncIterator[str]:
    for index, chunk in enumerate(found):
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
    yield f"event: done\ndata: {json.dumps({'chunks': len(found)})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        if prompt in cache:
            return StreamingResponse(
                replayed(cache[prompt]), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
            )
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(prompt, first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
