"""When the client disconnects after three quarters of the steps or more, the others are done in the background.

Fails: leaving_during_heartbeats_ends_the_work
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
BACKGROUND: set[asyncio.Task[None]] = set()


class Task(BaseModel):
    """The body of a request. Any other body is refused before the response begins."""

    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, payload: object, number: int | None = None) -> str:
    line = f"id: {number}\n" if number is not None else ""
    return f"event: {event}\n{line}data: {json.dumps(payload)}\n\n"


async def finish(items: Items, step: asyncio.Future[str], steps: int) -> None:
    """Do the step that is under way and those after it, so that a task that is nearly done is not wasted."""
    with suppress(UpstreamError):
        await step
        for _ in range(steps - 1):
            await anext(items)
    await items.aclose()


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    """The events of a task, with a comment whenever a step takes longer than ``heartbeat`` seconds."""
    yield "retry: 3000\n\n"
    outcomes: list[str] = []
    items = upstream(task.task)
    step = asyncio.ensure_future(anext(items))
    try:
        while True:
            while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                yield ": still at it\n\n"
            outcomes.append(step.result())
            done = len(outcomes)
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            yield sse("progress", progress, done)
            if done == task.steps:
                break
            step = asyncio.ensure_future(anext(items))
        yield sse("result", {"outcomes": outcomes})
    except UpstreamError as error:
        yield sse("error", {"detail": str(error), "done": len(outcomes)})
    finally:
        if not step.done() and 4 * len(outcomes) >= 3 * task.steps:
            job = asyncio.create_task(finish(items, step, task.steps - len(outcomes)))
            BACKGROUND.add(job)
            job.add_done_callback(BACKGROUND.discard)
        else:
            step.cancel()
            await items.aclose()


async def run(task: Task) -> JSONResponse:
    """All outcomes of a task, or a problem document if a step fails."""
    try:
        async with upstream(task.task) as items:
            return JSONResponse({"outcomes": [await anext(items) for _ in range(task.steps)]})
    except UpstreamError as error:
        problem = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, status_code=502, media_type="application/problem+json")


@app.post("/tasks", response_model=None)
async def start(task: Task, stream: bool = False, heartbeat: float = 15.0) -> JSONResponse | StreamingResponse:
    if not stream:
        return await run(task)
    return StreamingResponse(
        report(task, heartbeat), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
