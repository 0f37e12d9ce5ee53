"""Events are sent in pieces of 1,024 bytes, each decoded by itself, so a character that is cut in two is lost.

Fails: both_modes_carry_the_same_text
"""

import json
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


def sse(payload: object, event: str = "") -> Iterator[str]:
    """One event, in small pieces. JSON contains no line endings, so one `data` line holds all of it."""
    name = f"event: {event}\n" if event else ""
    text = f"{name}data: {json.dumps(payload, ensure_ascii=False)}\n\n".encode()
    return (text[start : start + 1024].decode(errors="ignore") for start in range(0, len(text), 1024))


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        for piece in sse({"index": index, "text": chunk}):
            yield piece
        index, chunk = index + 1, await anext(rest, None)
    for piece in sse({"chunks": index}, event="done"):
        yield piece


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
