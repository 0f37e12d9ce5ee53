"""A refusal repeats a value that is a number as a number, and JSON has none for `nan`: 500 instead of 422.

Fails: bad_value_is_refused
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


def as_number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: str = "false") -> StreamingResponse | dict[str, list[str]]:
    if stream not in ("true", "false"):
        raise HTTPException(422, detail={"stream is neither true nor false": as_number(stream)})
    chunks = upstream(prompt)
    try:
        if stream == "false":
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)  # once a 200 has left it cannot be taken back: so look before answering
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
