"""Lines that end in CR alone, ids, a reconnection time, and no space after the colon: all of this is allowed."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


def sse(**fields: object) -> str:
    return "".join(f"{name}:{value}\r" for name, value in fields.items()) + "\r"


def compact(payload: object) -> str:
    return json.dumps(payload, separators=(",", ":"))


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield sse(retry=2000, id=index, data=compact({"text": chunk, "index": index}))
        index, chunk = index + 1, await anext(rest, None)
    yield sse(data=compact({"chunks": index}), event="done")


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
        events(first, chunks), media_type="text/event-stream; charset=utf-8", headers={"Cache-Control": "no-store"}
    )
