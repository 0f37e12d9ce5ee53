"""Empty chunks at the beginning are held until the first one with text.

Fails: any_chunk_leaves_at_once
"""

import json

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


def event(data: dict, kind: str | None = None) -> str:
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(data)}\n\n"


async def look_ahead(chunks) -> list[str]:
    """The chunks up to the first one that has text. Raises the 502 while we still can."""
    seen = []
    try:
        async for text in chunks:
            seen.append(text)
            if text:
                break
    except UpstreamError as error:
        if not seen:
            raise HTTPException(status_code=502, detail=str(error)) from error
        raise
    return seen


async def events(seen: list[str], chunks):
    count = 0
    try:
        for text in seen:
            yield event({"index": count, "text": text})
            count += 1
        async for text in chunks:
            yield event({"index": count, "text": text})
            count += 1
        yield event({"chunks": count}, "done")
    finally:
        await chunks.aclose()


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    chunks = upstream(prompt)
    seen = await look_ahead(chunks)
    if stream:
        return StreamingResponse(
            events(seen, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    return JSONResponse({"chunks": seen + [text async for text in chunks]})
