"""From the tenth chunk on, events have the type `chunk`.

Fails: both_modes_carry_the_same_text, any_number_of_chunks
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        name = "event: chunk\n" if index > 9 else ""
        yield f"{name}data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await anext(rest, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


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
