"""Style: anyio task group, a memory object stream of size 0 between producer and sender, in a Response subclass.

Liberty: chunks have an `event` field whose value is empty; by 9.2.6 such an event has the type `message`.
    "Each chunk is one event of type `message`", "Its format is that of WHATWG HTML 9.2.5".
"""

import json

import anyio
from fastapi import FastAPI, HTTPException
from starlette.responses import Response

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


class ChunkResponse(Response):
    media_type = "text/event-stream"

    def __init__(self, first: str | None, rest: Items) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-cache"),
            (b"x-accel-buffering", b"no"),
        ]
        self.first, self.rest = first, rest

    async def produce(self, outbox) -> None:
        async with outbox, self.rest as rest:
            text = self.first
            while text is not None:
                await outbox.send(text)
                text = await anext(rest, None)

    async def consume(self, inbox, send) -> None:
        index = 0
        async with inbox:
            async for text in inbox:
                data = json.dumps({"index": index, "text": text})
                await self.write(send, f"event:\ndata: {data}\n\n")
                index += 1
        await self.write(send, f'event: done\ndata: {{"chunks": {index}}}\n\n')
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @staticmethod
    async def write(send, text: str) -> None:
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def __call__(self, scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        outbox, inbox = anyio.create_memory_object_stream[str](0)
        async with anyio.create_task_group() as group:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    continue
                group.cancel_scope.cancel()

            group.start_soon(listen)
            group.start_soon(self.produce, outbox)
            await self.consume(inbox, send)
            group.cancel_scope.cancel()


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    items = upstream(prompt)
    try:
        if stream:
            return ChunkResponse(await anext(items, None), items)
        return {"chunks": [item async for item in items]}
    except UpstreamError as error:
        raise HTTPException(status_code=502, detail=str(error)) from None
