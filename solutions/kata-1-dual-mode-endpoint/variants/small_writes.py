"""Bytes in very small writes: where one write ends and the next begins has no meaning in a stream."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

SIZE = 11  # bytes: characters are cut in two as well

app = FastAPI()


def sse(payload: object, event: str = "") -> bytes:
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(payload, ensure_ascii=False)}\n\n".encode()


async def events(first: str | None, rest: Items) -> AsyncIterator[bytes]:
    index, chunk = 0, first
    while chunk is not None:
        yield sse({"index": index, "text": chunk})
        index, chunk = index + 1, await anext(rest, None)
    yield sse({"chunks": index}, event="done")


async def in_small_writes(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for part in parts:
        for start in range(0, len(part), SIZE):
            yield part[start : start + SIZE]


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
        in_small_writes(events(first, chunks)), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
