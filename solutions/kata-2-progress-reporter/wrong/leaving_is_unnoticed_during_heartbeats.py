"""Once a step is bridged by heartbeats, its work goes on without the client.

Fails: leaving_during_heartbeats_ends_the_work
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, data: object, first: str = "") -> str:
    return f"{first}event: {event}\ndata: {json.dumps(data)}\n\n"


class Work:
    """Does the steps in a task of its own, and reports each through a queue."""

    def __init__(self, task: Task) -> None:
        self.news: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.running = asyncio.create_task(self._run(task))

    async def _run(self, task: Task) -> None:
        async with upstream(task.task) as items:
            try:
                for _ in range(task.steps):
                    await self.news.put(("outcome", await anext(items)))
            except UpstreamError as error:
                await self.news.put(("error", str(error)))


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    work, outcomes, bridged = Work(task), [], False
    try:
        yield "retry: 3000\n\n"
        while len(outcomes) < task.steps:
            try:
                kind, text = await asyncio.wait_for(work.news.get(), heartbeat)
            except TimeoutError:
                bridged = True
                yield ": still at it\n\n"
                continue
            if kind == "error":
                yield sse("error", {"detail": text, "done": len(outcomes)})
                return
            outcomes.append(text)
            done, bridged = len(outcomes), False
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            yield sse("progress", progress, f"id: {done}\n")
        yield sse("result", {"outcomes": outcomes})
    finally:
        if not bridged:
            work.running.cancel()


def problem(detail: str) -> Response:
    document = {"title": "Bad Gateway", "status": 502, "detail": detail}
    return JSONResponse(document, 502, media_type="application/problem+json")


async def batch(task: Task) -> Response:
    items = upstream(task.task)
    try:
        return JSONResponse({"outcomes": [await anext(items) for _ in range(task.steps)]})
    except UpstreamError as error:
        return problem(str(error))


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    return await batch(task)
