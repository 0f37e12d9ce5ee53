"""The work is shielded from the end of the response, so it goes on after a disconnect.

Fails: leaving_ends_the_work, a_broken_connection_ends_the_work
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


def sse(event: str, payload: object, first: str = "") -> str:
    return f"{first}event: {event}\ndata: {json.dumps(payload)}\n\n"


async def work(task: Task, queue: asyncio.Queue[str | None]) -> None:
    items, outcomes = upstream(task.task), []
    try:
        for done in range(1, task.steps + 1):
            outcomes.append(await anext(items))
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            queue.put_nowait(sse("progress", progress, f"id: {done}\n"))
        queue.put_nowait(sse("result", {"outcomes": outcomes}))
    except UpstreamError as error:
        queue.put_nowait(sse("error", {"detail": str(error), "done": len(outcomes)}))
    queue.put_nowait(None)


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    yield "retry: 3000\n\n"
    working = asyncio.create_task(work(task, queue))
    try:
        event = ""
        while event is not None:
            try:
                event = await asyncio.wait_for(queue.get(), heartbeat)
                yield event or ""
            except TimeoutError:
                yield ": still at it\n\n"
    finally:
        await asyncio.shield(working)


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    items = upstream(task.task)
    try:
        return JSONResponse({"outcomes": [await anext(items) for _ in range(task.steps)]})
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
