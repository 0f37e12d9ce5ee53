"""A stream has no more than 500 chunks: the later ones are left out.

Fails: any_chunk_leaves_at_once, any_number_of_chunks
"""

import json

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


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
        return JSONResponse({"detail": str(error)}, status_code=502)
    headers = {"Cache-Control": "no-cache"}
    return StreamingResponse(events(request, first, chunks), media_type="text/event-stream", headers=headers)


async def events(request, chunk, chunks):
    count = 0
    while chunk is not None and count < 500:
        yield sse({"index": count, "text": chunk})
        count += 1
        chunk = await anext(chunks, None)
    yield sse({"chunks": count}, "done")
