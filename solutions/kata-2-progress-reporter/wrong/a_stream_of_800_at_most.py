"""A stream ends after 800 steps, whatever the number of steps is.

Fails: a_late_step_is_told_as_it_is_done, every_number_of_steps_is_done
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    """The body of a request. Any other body is refused before the response begins."""

    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, payload: object, number: int | None = None) -> str:
    line = f"id: {number}\n" if number is not None else ""
    return f"event: {event}\n{line}data: {json.dumps(payload)}\n\n"


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    """The events of a task, with a comment whenever a step takes longer than ``heartbeat`` seconds."""
    yield "retry: 3000\n\n"
    outcomes: list[str] = []
    async with upstream(task.task) as items:
        while len(outcomes) < min(task.steps, 800):
            step = asyncio.ensure_future(anext(items))
            try:
                # Unlike wait_for(), wait() does not cancel the step when the time is over.
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield ": still at it\n\n"
                outcomes.append(step.result())
            except UpstreamError as error:  # the 200 has left long ago: the failure has to be an event
                yield sse("error", {"detail": str(error), "done": len(outcomes)})
                return
            finally:
                step.cancel()  # does nothing when the step is done, and ends it when the client has left
            done = len(outcomes)
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            yield sse("progress", progress, done)
    yield sse("result", {"outcomes": outcomes})


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
