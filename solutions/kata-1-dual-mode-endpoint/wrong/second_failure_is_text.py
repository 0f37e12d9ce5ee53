"""The second failure of a prompt is reported as text.

Fails: stream_upstream_failure_is_502
"""

import json

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
SEEN = set()


def sse(data, name=None):
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


@app.get("/generate")
async def generate(request: Request, prompt: str, stream: bool = False):
    if stream:
        return await streamed(request, prompt)
    return await batch(request, prompt)


async def batch(request, prompt):
    chunks = upstream(prompt)
    texts = []
    try:
        async for chunk in chunks:
            texts.append(chunk)
    except UpstreamError as error:
        return JSONResponse({"detail": str(error)}, status_code=502)
    return JSONResponse({"chunks": texts})


async def streamed(request, prompt):
    chunks = upstream(prompt)
    try:
        first = await anext(chunks, None)
    except UpstreamError as error:
        if prompt in SEEN:
            return Response("failed again", 502, media_type="text/plain")
        SEEN.add(prompt)
        return JSONResponse({"detail": str(error)}, status_code=502)
    headers = {"Cache-Control": "no-cache"}
    return StreamingResponse(events(request, first, chunks), media_type="text/event-stream", headers=headers)


async def events(request, chunk, chunks):
    count = 0
    while chunk is not None:
        yield sse({"index": count, "text": chunk})
        count += 1
        chunk = await anext(chunks, None)
    yield sse({"chunks": count}, "done")
