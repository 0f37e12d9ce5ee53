"""Requests with the same X-Request-ID share one queue of chunks.

Fails: many_batches_at_once
May fail: many_streams_at_once
"""

import asyncio
import json
import uuid
from contextlib import suppress

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
END = object()
mailboxes: dict[str, asyncio.Queue] = {}


async def produce(prompt, mailbox):
    try:
        async for text in upstream(prompt):
            await mailbox.put(text)
            await mailbox.join()  # it is sent: now the next one
        await mailbox.put(END)
    except UpstreamError as error:
        await mailbox.put(error)


class Job:
    def __init__(self, request_id, prompt):
        self.id = request_id
        self.mailbox = mailboxes.setdefault(request_id, asyncio.Queue())
        self.producer = asyncio.create_task(produce(prompt, self.mailbox))

    async def next(self):
        item = await self.mailbox.get()
        if isinstance(item, UpstreamError):
            await self.close()
            raise item
        return item

    async def texts(self, item):
        try:
            while item is not END:
                yield item
                self.mailbox.task_done()
                item = await self.next()
        finally:
            await self.close()

    async def close(self):
        mailboxes.pop(self.id, None)
        self.producer.cancel()
        with suppress(asyncio.CancelledError):
            await self.producer


@app.middleware("http")
async def identify(request: Request, call_next):
    request.state.id = request.headers.get("x-request-id") or uuid.uuid4().hex
    response = await call_next(request)
    response.headers["X-Request-ID"] = request.state.id
    return response


@app.exception_handler(UpstreamError)
async def bad_gateway(request, error):
    return Response(json.dumps({"detail": str(error)}), 502, media_type="application/json")


@app.get("/generate")
async def generate(request: Request, prompt: str, stream: bool = False):
    job = Job(request.state.id, prompt)
    texts = job.texts(await job.next())
    if not stream:
        return Response(json.dumps({"chunks": [text async for text in texts]}), media_type="application/json")

    async def events():
        count = 0
        async for text in texts:
            yield f"data: {json.dumps({'index': count, 'text': text})}\n\n"
            count += 1
        yield f"event: done\ndata: {json.dumps({'chunks': count})}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
