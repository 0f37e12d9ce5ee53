"""`async with` closes the upstream connection, and so ends a pull that is in progress when the client disconnects."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, PositiveFloat

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


class UpstreamFailed(HTTPException):
    """Becomes a problem document, wherever it is raised."""


@app.exception_handler(UpstreamFailed)
async def problem(_: object, error: UpstreamFailed) -> Response:
    document = {"type": "about:blank", "title": "Bad Gateway", "status": error.status_code, "detail": error.detail}
    return JSONResponse(document, error.status_code, media_type="application/problem+json")


async def work(task: Task, heartbeat: float, outcomes: list[str]) -> AsyncIterator[str]:
    """The events of the steps, and a comment whenever a step takes long. Fills ``outcomes``."""
    async with upstream(task.task) as items:
        for done in range(1, task.steps + 1):
            step = asyncio.ensure_future(anext(items))
            while not step.done():
                beating = asyncio.ensure_future(asyncio.sleep(heartbeat))
                await asyncio.wait({step, beating}, return_when=asyncio.FIRST_COMPLETED)
                if beating.done():
                    yield ": …\n\n"
                beating.cancel()
            outcomes.append(step.result())
            data = f'{{"done": {done}, "total": {task.steps}, "percent": {100 * done / task.steps:.2f}}}'
            yield f"event: progress\nid: {done}\ndata: {data}\n\n"


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    outcomes: list[str] = []
    yield "retry: 3000\n"  # a field of the first event, whichever it will be
    try:
        async for text in work(task, heartbeat, outcomes):
            yield text
        yield "event: result\ndata: " + json.dumps({"outcomes": outcomes}) + "\n\n"
    except UpstreamError as error:
        yield "event: error\ndata: " + json.dumps({"detail": str(error), "done": len(outcomes)}) + "\n\n"


async def collect(task: Task) -> list[str]:
    async with upstream(task.task) as items:
        return [await anext(items) for _ in range(task.steps)]


@app.post("/tasks", response_model=None)
async def tasks(
    task: Task, stream: bool = False, heartbeat: PositiveFloat = 15.0
) -> StreamingResponse | dict[str, list[str]]:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    try:
        return {"outcomes": await collect(task)}
    except UpstreamError as error:
        raise UpstreamFailed(502, detail=str(error)) from error
