"""The generator runs in a thread, but its first chunk is pulled in the event loop, and blocks it.

Fails: streams_do_not_mix
"""

import json
from collections.abc import Iterator

from fastapi import FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from grader.kit import BlockingItems, UpstreamError, blocking_upstream

app = FastAPI()


def events(first: str | None, rest: BlockingItems) -> Iterator[str]:
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
            return {"chunks": await run_in_threadpool(list[str], chunks)}
        first = next(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
