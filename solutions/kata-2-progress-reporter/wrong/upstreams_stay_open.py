"""Each task's upstream is kept in a registry and never removed: its connection stays open.

Fails: the_upstream_is_let_go
May fail: the_task_is_passed_on_unchanged, both_modes_carry_the_same_outcomes, no_step_of_a_stream_is_left_out,
    the_error_says_what_went_wrong
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()
opened: list[Items] = []


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, payload: object, first: str = "") -> str:
    return f"{first}event: {event}\ndata: {json.dumps(payload)}\n\n"


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    items, outcomes = upstream(task.task), []
    opened.append(items)
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
