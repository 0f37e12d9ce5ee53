"""A batch whose upstream fails gets the chunks of the last batch of its prompt.

Fails: batch_upstream_failure_is_502
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
LATEST: dict[str, list[str]] = {}


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


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            LATEST[prompt] = [chunk async for chunk in chunks]
            return {"chunks": LATEST[prompt]}
        first = await anext(chunks, None)  # once a 200 has left it cannot be taken back: so look before answering
    except UpstreamError as error:
        if not stream and prompt in LATEST:  # better an old text than none
            return {"chunks": LATEST[prompt]}
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
