"""Style: the first pull runs in a task of its own, which a class with __aiter__ and __anext__ takes over; the frames
are made by fastapi.sse.format_sse_event.

Liberty: further keys, in every object, some with the names of keys of other objects and with null values.
    "You choose ... further keys of an object."
"""

import asyncio
import json
import time

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.sse import format_sse_event

from grader.kit import UpstreamError, upstream

app = FastAPI()


class EventIterator:
    """One event for each `__anext__`; never more than one pull, each right after the event before is sent."""

    def __init__(self, items, first: asyncio.Task) -> None:
        self.items = items
        self.pending: asyncio.Task | None = first
        self.count = 0
        self.over = False

    def __aiter__(self) -> "EventIterator":
        return self

    async def __anext__(self) -> bytes:
        if self.over:
            raise StopAsyncIteration
        pending, self.pending = self.pending, None
        text = await (pending or anext(self.items, None))
        if text is None:
            self.over = True
            final = {"chunks": self.count, "index": None, "text": None, "finished": time.time()}
            return format_sse_event(data_str=json.dumps(final), event="done")
        data = {"chunks": None, "final": False, "index": self.count, "length": len(text), "text": text}
        self.count += 1
        return format_sse_event(data_str=json.dumps(data), comment=f"chunk {self.count}")


@app.get("/generate")
async def generate(prompt: str, response: Response, stream: bool = False):
    items = upstream(prompt)
    first = asyncio.ensure_future(anext(items, None))
    try:
        await asyncio.wait({first})
        if error := first.exception():
            raise error
    except UpstreamError as error:
        return JSONResponse({"detail": str(error), "index": 0, "chunks": None}, 502)
    finally:
        first.cancel()
    if stream:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(EventIterator(items, first), headers=headers, media_type="text/event-stream")
    chunks = []
    text = first.result()
    while text is not None:
        chunks.append(text)
        text = await anext(items, None)
    response.headers["Cache-Control"] = "no-store"
    return {"prompt": prompt, "text": "".join(chunks), "count": len(chunks), "chunks": chunks}
