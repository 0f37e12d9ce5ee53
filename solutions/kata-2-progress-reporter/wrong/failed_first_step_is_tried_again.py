"""A stream whose first step fails begins the task once more.

Fails: the_upstream_is_opened_once
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


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    items, outcomes = upstream(task.task), []
    yield "retry: 3000\n\n"
    try:
        for done in range(1, task.steps + 1):
            step = asyncio.ensure_future(anext(items))
            while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                yield ": still at it\n\n"
            if done == 1 and step.exception():
                items = upstream(task.task)
                step = asyncio.ensure_future(anext(items))
            outcomes.append(await step)
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            yield sse("progress", progress, f"id: {done}\n")
    except UpstreamError as error:
        yield sse("error", {"detail": str(error), "done": len(outcomes)})
        return
    yield sse("result", {"outcomes": outcomes})


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
