"""Chunks are dropped while 32 of them wait for a client that does not read.

Fails: every_stream_ends_with_done
May fail: responses_are_in_their_mode
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

Queue = asyncio.Queue[str | Exception | None]  # a chunk, a failure, or None at the end

app = FastAPI()


async def produce(chunks: Items, queue: Queue) -> None:
    try:
        async for chunk in chunks:
            if not queue.full():  # a slow client must not hold up the upstream
                await queue.put(chunk)
            await asyncio.sleep(0)
    except UpstreamError as error:
        await queue.put(error)
    else:
        await queue.put(None)


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    queue: Queue = asyncio.Queue(maxsize=32)
    producer = asyncio.create_task(produce(rest, queue))
    try:
        index, chunk = 0, first
        while chunk is not None:
            yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
            taken = await queue.get()
            if isinstance(taken, Exception):
                raise taken
            index, chunk = index + 1, taken
        yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"
    finally:
        producer.cancel()


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
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
