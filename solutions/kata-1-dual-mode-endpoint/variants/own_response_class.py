"""A response class that knows the protocol: endpoints give it objects, and write no line endings."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import ClassVar

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, Response, StreamingResponse

from grader.kit import Items, UpstreamError, upstream


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of the text."""

    event: ClassVar = "message"
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The end of the text."""

    event: ClassVar = "done"
    chunks: int


class EventStream(StreamingResponse):
    """Sends each of ``events`` as a Server-Sent Event of its own."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[Chunk | Done]) -> None:
        super().__init__(self._encoded(events), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})

    @staticmethod
    async def _encoded(events: AsyncIterator[Chunk | Done]) -> AsyncIterator[str]:
        async for event in events:
            yield f"event: {event.event}\ndata: {json.dumps(asdict(event))}\n\n"


async def events(first: str | None, rest: Items) -> AsyncIterator[Chunk | Done]:
    index, chunk = 0, first
    while chunk is not None:
        yield Chunk(index, chunk)
        index, chunk = index + 1, await anext(rest, None)
    yield Done(index)


app = FastAPI()


@app.get("/generate")
async def generate(prompt: str, stream: bool = False) -> Response:
    chunks = upstream(prompt)
    try:
        if not stream:
            return JSONResponse({"chunks": [chunk async for chunk in chunks]})
        return EventStream(events(await anext(chunks, None), chunks))
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
