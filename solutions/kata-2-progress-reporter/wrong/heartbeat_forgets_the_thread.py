"""`wait_for` stops waiting for a thread, but the thread goes on, and its outcome is lost.

Fails: heartbeats_go_on
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, blocking_upstream, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, payload: object, first: str = "") -> str:
    return f"{first}event: {event}\ndata: {json.dumps(payload)}\n\n"


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    items, outcomes = blocking_upstream(task.task), []
    yield "retry: 3000\n\n"
    try:
        while len(outcomes) < task.steps:
            try:
                outcomes.append(await asyncio.wait_for(asyncio.to_thread(next, items), heartbeat))
            except TimeoutError:
                yield ": still at it\n\n"
                continue
            done = len(outcomes)
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            yield sse("progress", progress, f"id: {done}\n")
    except UpstreamError as error:
        yield sse("error", {"detail": str(error), "done": len(outcomes)})
        return
    yield sse("result", {"outcomes": outcomes})


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
