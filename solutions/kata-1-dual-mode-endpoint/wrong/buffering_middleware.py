"""A middleware that logs the size of each response reads the whole body first.

Fails: each_chunk_leaves_before_the_next_exists, stream_is_not_cached
"""

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response, StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


@app.middleware("http")
async def log_sizes(request: Request, call_next: Callable[[Request], Awaitable[StreamingResponse]]) -> Response:
    response = await call_next(request)
    body = b"".join([part async for part in response.body_iterator])
    logging.info("%s: %d bytes", request.url, len(body))
    return Response(body, response.status_code, headers=dict(response.headers) | {"Content-Length": str(len(body))})


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
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
