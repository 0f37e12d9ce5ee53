"""A task fills a queue and ends it with the word `END`, which may also be a chunk.

Fails: both_modes_carry_the_same_text
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


async def produce(chunks: Items, queue: asyncio.Queue[str]) -> None:
    async for chunk in chunks:
        await queue.put(chunk)
    await queue.put("END")


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    queue = asyncio.Queue[str]()
    producer = asyncio.create_task(produce(rest, queue))
    index, chunk = 0, first
    while chunk is not None and chunk != "END":
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await queue.get()
    producer.cancel()
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
        if first is None:
            first = "END"
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
