"""Style: functional, a pipeline of small async generators; both modes are StreamingResponses over the same pipeline.

Liberty: the batch, too, is sent piece by piece, as chunked JSON without a Content-Length, while the chunks come.
    "Without `stream`, or with `stream=false`, the response is a batch: `200`, `application/json`, with all chunks in
    order." "Kata 2 is about failures that come later; here they are not graded."
"""

import json
from collections.abc import AsyncIterator
from functools import partial

from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


async def prepend(head: list[str], tail: AsyncIterator[str]) -> AsyncIterator[str]:
    for item in head:
        yield item
    async for item in tail:
        yield item


async def as_events(texts: AsyncIterator[str]) -> AsyncIterator[str]:
    total = 0
    async for text in texts:
        yield f"data:{dumps(dict(text=text, index=total))}\n\n"
        total += 1
    yield f"event:done\ndata:{dumps(dict(chunks=total))}\n\n"


async def as_document(texts: AsyncIterator[str]) -> AsyncIterator[str]:
    separator = '{"chunks":['
    async for text in texts:
        yield separator + dumps(text)
        separator = ","
    yield "]}" if separator == "," else separator + "]}"


async def opened(prompt: str) -> AsyncIterator[str]:
    items = upstream(prompt)
    head = [item async for item in take_one(items)]
    return prepend(head, items) if head else prepend([], empty())


async def take_one(items: AsyncIterator[str]) -> AsyncIterator[str]:
    try:
        yield await anext(items)
    except StopAsyncIteration:
        return


async def empty() -> AsyncIterator[str]:
    return
    yield


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    try:
        texts = await opened(prompt)
    except UpstreamError as error:
        return JSONResponse({"detail": str(error)}, 502)
    if not stream:
        return StreamingResponse(as_document(texts), media_type="application/json")
    return StreamingResponse(
        as_events(texts), media_type="text/event-stream", headers={"cache-control": "no-cache, no-transform"}
    )
