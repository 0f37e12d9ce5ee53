"""The endpoint knows only events: a middleware of plain ASGI adds heartbeats to each event stream that is silent."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.kit import UpstreamError, upstream


class Stream:
    """One response on its way to the server; nothing is sent after its end."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = asyncio.Lock()
        self._has_sent = asyncio.Event()
        self._is_over = False

    async def send(self, message: Message) -> None:
        async with self._lock:
            self._is_over = message["type"] == "http.response.body" and not message.get("more_body")
            await self._send(message)
        self._has_sent.set()

    async def beat(self, heartbeat: float) -> None:
        while True:
            self._has_sent.clear()
            try:
                await asyncio.wait_for(self._has_sent.wait(), heartbeat * 0.9)
            except TimeoutError:
                async with self._lock:
                    if not self._is_over:
                        await self._send({"type": "http.response.body", "body": b":\n\n", "more_body": True})


class Heartbeats:
    """The middleware: the endpoint leaves the seconds in the state of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stream, beats = Stream(send), list[asyncio.Task[None]]()

        async def and_begin(message: Message) -> None:
            await stream.send(message)
            if message["type"] == "http.response.start" and "heartbeat" in scope.get("state", {}):
                beats.append(asyncio.create_task(stream.beat(scope["state"]["heartbeat"])))

        try:
            await self.app(scope, receive, and_begin)
        finally:
            for task in beats:
                task.cancel()


app = FastAPI()
app.add_middleware(Heartbeats)


class Task(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


async def report(body: Task) -> AsyncIterator[bytes]:
    outcomes: list[str] = []
    try:
        async for outcome in upstream(body.task):
            outcomes.append(outcome)
            done = len(outcomes)
            data = json.dumps({"done": done, "total": body.steps, "percent": done * 100 // body.steps}).encode()
            yield b"retry: 3000\nevent: progress\nid: %d\ndata: %b\n\n" % (done, data)
            if done == body.steps:
                break
        yield b"event: result\ndata: %b\n\n" % json.dumps({"outcomes": outcomes}).encode()
    except UpstreamError as error:
        yield b"event: error\ndata: %b\n\n" % json.dumps({"detail": str(error), "done": len(outcomes)}).encode()


@app.post("/tasks")
async def run(request: Request, body: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        request.state.heartbeat = heartbeat
        return StreamingResponse(report(body), media_type="text/event-stream")
    outcomes: list[str] = []
    try:
        async for outcome in upstream(body.task):
            outcomes.append(outcome)
            if len(outcomes) == body.steps:
                break
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
    return JSONResponse({"outcomes": outcomes})
