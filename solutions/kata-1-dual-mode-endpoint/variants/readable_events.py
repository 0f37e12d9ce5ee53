"""A stream that people can read easily: indented JSON over several data lines, unescaped UTF-8, comments, padding."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

PADDING = "\ufeff:" + " " * 2048 + "\r\n\r\n"  # some browsers of old showed nothing before the second kilobyte

app = FastAPI()


def sse(payload: object, event: str = "message") -> str:
    # json.dumps ends its lines with "\n" alone; splitlines() would also split at U+2028 within a text
    lines = json.dumps(payload, indent=2, ensure_ascii=False).split("\n")
    data = "".join(f"data: {line}\r\n" for line in lines)
    return f"event: {event}\r\n: {len(lines)} lines of data\r\n{data}\r\n"


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    yield PADDING
    index, chunk = 0, first
    while chunk is not None:
        yield sse({"index": index, "text": chunk, "characters": len(chunk)})
        index, chunk = index + 1, await anext(rest, None)
    yield sse({"chunks": index, "more": False}, event="done")


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, object]:
    chunks = upstream(prompt)
    try:
        if not stream:
            found = [chunk async for chunk in chunks]
            return {"chunks": found, "count": len(found)}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "private, no-cache"}
    )
