"""All chunks are collected into a list before the first event is sent.

Fails: each_chunk_leaves_before_the_next_exists
"""

import json
from collections.abc import Iterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


def events(chunks: list[str]) -> Iterator[str]:
    for index, chunk in enumerate(chunks):
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
    yield f"event: done\ndata: {json.dumps({'chunks': len(chunks)})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    try:
        chunks = [chunk async for chunk in upstream(prompt)]
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    if not stream:
        return {"chunks": chunks}
    return StreamingResponse(events(chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
