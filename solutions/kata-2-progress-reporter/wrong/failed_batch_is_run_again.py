"""A batch that fails is run once more, so its steps are done twice.

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
            outcomes.append(step.result())
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
    failure = ""
    for _ in range(2):
        items = upstream(task.task)
        try:
            return JSONResponse({"outcomes": [await anext(items) for _ in range(task.steps)]})
        except UpstreamError as error:
            failure = str(error)
    return problem(failure)


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    return await batch(task)
