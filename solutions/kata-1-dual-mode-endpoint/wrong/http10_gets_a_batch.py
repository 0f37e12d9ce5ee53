"""A client of HTTP/1.0 gets a batch, as that version has no chunks.

Fails: responses_are_in_their_mode
"""

import json

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


def event(data: dict, kind: str | None = None) -> str:
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(data)}\n\n"


async def first_of(chunks) -> str | None:
    try:
        return await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(status_code=502, detail=str(error)) from error


async def events(first: str | None, chunks):
    count, text = 0, first
    try:
        while text is not None:
            yield event({"index": count, "text": text})
            count += 1
            text = await anext(chunks, None)
        yield event({"chunks": count}, "done")
    finally:
        await chunks.aclose()


async def collect(first: str | None, chunks) -> list[str]:
    texts, text = [], first
    while text is not None:
        texts.append(text)
        text = await anext(chunks, None)
    return texts


def can_stream(request: Request) -> bool:
    """Streaming needs the chunked transfer coding, which came with HTTP/1.1."""
    return request.scope.get("http_version", "1.1") not in ("0.9", "1.0")


@app.get("/generate")
async def generate(request: Request, prompt: str, stream: bool = False):
    chunks = upstream(prompt)
    first = await first_of(chunks)
    if stream and can_stream(request):
        return StreamingResponse(
            events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    return JSONResponse({"chunks": await collect(first, chunks)})
