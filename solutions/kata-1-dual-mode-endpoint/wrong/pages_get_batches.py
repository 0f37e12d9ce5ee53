"""A browser that opens the address as a page gets a batch, whatever `stream` says.

Fails: responses_are_in_their_mode
"""

import json
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Response
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Generation:
    def __init__(self, prompt: str):
        self._chunks = upstream(prompt)
        self._first = None

    async def begin(self):
        try:
            self._first = await anext(self._chunks, None)
        except UpstreamError as error:
            raise HTTPException(502, str(error)) from error

    async def __aiter__(self):
        if self._first is not None:
            yield self._first
            async for chunk in self._chunks:
                yield chunk

    async def as_batch(self):
        try:
            texts = [chunk async for chunk in self]
        except UpstreamError as error:
            raise HTTPException(502, str(error)) from error
        return Response(json.dumps({"chunks": texts}), media_type="application/json")

    async def as_events(self):
        count = 0
        async for text in self:
            yield f"event: message\ndata: {json.dumps({'index': count, 'text': text})}\n\n"
            count += 1
        yield f"event: done\ndata: {json.dumps({'chunks': count})}\n\n"


@app.get("/generate")
async def generate(prompt: str, stream: bool = False, sec_fetch_dest: Annotated[str | None, Header()] = None):
    generation = Generation(prompt)
    await generation.begin()
    if stream and sec_fetch_dest != "document":
        return StreamingResponse(
            generation.as_events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    return await generation.as_batch()
