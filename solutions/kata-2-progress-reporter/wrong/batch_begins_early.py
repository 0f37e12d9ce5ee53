"""The batch is sent part by part, so its 200 has already been sent when a step fails.

Fails: batch_sends_nothing_early, a_failed_batch_is_a_502, every_number_of_steps_is_done
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, payload: object, first: str = "") -> str:
    return f"{first}event: {event}\ndata: {json.dumps(payload)}\n\n"


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


async def document(task: Task) -> AsyncIterator[str]:
    items, separator = upstream(task.task), '{"outcomes": ['
    for _ in range(task.steps):
        yield separator + json.dumps(await anext(items))
        separator = ", "
    yield "]}"


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    return StreamingResponse(document(task), media_type="application/json")
