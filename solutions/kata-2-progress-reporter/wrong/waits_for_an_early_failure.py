"""The response waits up to 0.1 s for the first step, so that an early failure can be a 502.

Fails: a_failed_stream_ends_with_an_error
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, data: object, first: str = "") -> str:
    return f"{first}event: {event}\ndata: {json.dumps(data)}\n\n"


async def report(task: Task, items: Items, first: asyncio.Future[str], heartbeat: float) -> AsyncIterator[str]:
    outcomes: list[str] = []
    yield "retry: 3000\n\n"
    try:
        for done in range(1, task.steps + 1):
            step = first if done == 1 else asyncio.ensure_future(anext(items))
            while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                yield ": still at it\n\n"
            outcomes.append(step.result())
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            yield sse("progress", progress, f"id: {done}\n")
    except UpstreamError as error:
        yield sse("error", {"detail": str(error), "done": len(outcomes)})
        return
    finally:
        step.cancel()
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
        items = upstream(task.task)
        first = asyncio.ensure_future(anext(items))
        await asyncio.wait({first}, timeout=0.1)
        if first.done() and (error := first.exception()):
            return problem(str(error))
        return StreamingResponse(report(task, items, first, heartbeat), media_type="text/event-stream")
    return await batch(task)
