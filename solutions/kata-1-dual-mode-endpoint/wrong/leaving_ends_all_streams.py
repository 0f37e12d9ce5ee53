"""When a client leaves, the cleanup cancels the tasks of all streams, and not only its own.

Fails: streams_do_not_mix
"""

import asyncio
import json

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
END = object()
running: set[asyncio.Task] = set()


class EventStream(StreamingResponse):
    media_type = "text/event-stream"
    complete = False

    async def send_events(self, send):
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for event in self.body_iterator:
            await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        self.complete = True
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def wait_until_gone(self, receive):
        while (await receive())["type"] != "http.disconnect":
            pass

    async def __call__(self, scope, receive, send):
        sending = asyncio.create_task(self.send_events(send))
        leaving = asyncio.create_task(self.wait_until_gone(receive))
        running.add(sending)
        sending.add_done_callback(running.discard)
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done() and not self.complete:
            for task in list(running):  # nobody listens: stop pulling
                task.cancel()
        leaving.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def events(first, chunks):
    index = 0
    chunk = first
    while chunk is not END:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index += 1
        chunk = await anext(chunks, END)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, END)
    except UpstreamError:
        raise HTTPException(status_code=502, detail="upstream failed")
    return EventStream(events(first, chunks), headers={"Cache-Control": "no-cache"})
