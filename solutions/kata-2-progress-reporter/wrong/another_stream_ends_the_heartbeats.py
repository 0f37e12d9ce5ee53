"""Streams share the variable that names the newest one, so whichever ends takes the newest off the clock.

Fails: heartbeats_go_on
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream


class Task(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


class Channel:
    """What one stream is to send, and when it has been given something last."""

    def __init__(self, heartbeat: float) -> None:
        self._heartbeat = min(heartbeat, 1.0)
        self._last = time.monotonic()
        self._texts: asyncio.Queue[str | None] = asyncio.Queue()
        self._is_idle = asyncio.Event()

    def put(self, text: str | None) -> None:
        self._last = time.monotonic()
        self._texts.put_nowait(text)

    def beat(self, now: float) -> None:
        if now - self._last >= self._heartbeat * 0.8 and self._texts.empty():
            self.put(f": {now:.3f}\n\n")

    async def read(self) -> AsyncIterator[str]:
        while (text := await self._texts.get()) is not None:
            yield text
            if self._texts.empty():
                self._is_idle.set()

    async def flush(self) -> None:
        """Wait until the reader asks for more than there is."""
        self._is_idle.clear()
        await self._is_idle.wait()


channels: set[Channel] = set()
newest: Channel


async def tick() -> None:
    while True:
        now = time.monotonic()
        for channel in channels:
            channel.beat(now)
        await asyncio.sleep(0.01)


@asynccontextmanager
async def ticking(_: Starlette) -> AsyncIterator[None]:
    clock = asyncio.create_task(tick())
    yield
    clock.cancel()


async def work(channel: Channel, task: Task) -> None:
    outcomes: list[str] = []
    try:
        async with upstream(task.task) as items:
            for done in range(1, task.steps + 1):
                outcomes.append(await anext(items))
                data = {"done": done, "total": task.steps, "percent": min(100, round(100 * done / task.steps))}
                channel.put(f"id: {done}\nevent: progress\nretry: 2000\ndata: {json.dumps(data)}\n\n")
                await channel.flush()
        channel.put(f"event: result\ndata: {json.dumps({'outcomes': outcomes})}\n\n")
    except UpstreamError as error:
        channel.put(f"event: error\ndata: {json.dumps({'detail': str(error), 'done': len(outcomes)})}\n\n")
    finally:
        channels.discard(channel)
        channel.put(None)


async def events(task: Task, heartbeat: float) -> AsyncIterator[str]:
    global newest
    newest = Channel(heartbeat)
    channels.add(newest)
    worker = asyncio.create_task(work(newest, task))
    try:
        async for text in newest.read():
            yield text
    finally:
        channels.discard(newest)
        worker.cancel()


async def run(request: Request) -> Response:
    try:
        task = Task.model_validate_json(await request.body())
    except ValidationError as error:
        return JSONResponse({"detail": str(error)}, 422)
    if request.query_params.get("stream") == "true":
        heartbeat = float(request.query_params.get("heartbeat", "15"))
        return StreamingResponse(events(task, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(task.task) as items:
            return JSONResponse({"outcomes": [await anext(items) for _ in range(task.steps)]})
    except UpstreamError as error:
        problem = {"title": "A step failed", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")


app = Starlette(routes=[Route("/tasks", run, methods=["POST"])], lifespan=ticking)
