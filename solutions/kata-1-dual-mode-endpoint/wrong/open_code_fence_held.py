"""Events of a block of code wait until a chunk closes the block with three backquotes.

Fails: any_chunk_leaves_at_once
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


def sse(payload: object, event: str = "") -> str:
    """One event. JSON contains no line endings, so one `data` line holds all of it."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(payload)}\n\n"


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk, kept, fences = 0, first, "", 0
    while chunk is not None:
        kept += sse({"index": index, "text": chunk})
        fences += chunk.count("```")
        if fences % 2 == 0:  # half a block of code cannot be rendered
            yield kept
            kept = ""
        index, chunk = index + 1, await anext(rest, None)
    yield kept + sse({"chunks": index}, event="done")


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)  # once a 200 has left it cannot be taken back: so look before answering
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
