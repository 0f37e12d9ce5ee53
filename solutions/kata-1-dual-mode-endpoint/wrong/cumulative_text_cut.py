"""A chunk of a batch that begins with all the text before it is cut to what follows that text.

Fails: both_modes_carry_the_same_text
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
    count = 0
    if first is not None:
        yield sse({"index": 0, "text": first})
        count = 1
        async for chunk in rest:
            yield sse({"index": count, "text": chunk})
            count += 1
    yield sse({"chunks": count}, event="done")


async def without_repetition(chunks: Items) -> AsyncIterator[str]:
    """The new part of each chunk, as some models send the whole text so far each time."""
    text = ""
    async for chunk in chunks:
        new = chunk[len(text) :] if text and len(chunk) > len(text) and chunk.startswith(text) else chunk
        text += new
        yield new


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in without_repetition(chunks)]}
        first = await anext(chunks, None)  # once a 200 has left it cannot be taken back: so look before answering
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
