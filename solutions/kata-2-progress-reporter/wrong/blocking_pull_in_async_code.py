"""A blocking library in `async` code: while it waits, all other requests wait, too.

Fails: a_long_step_is_bridged_by_a_heartbeat, leaving_ends_the_work, a_broken_connection_ends_the_work,
others_are_answered_beside_a_stream
May fail: others_are_answered_beside_a_batch, each_stream_tells_of_its_own_task, a_late_step_is_told_as_it_is_done,
nothing_blocks_the_event_loop
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, payload: object, first: str = "") -> str:
    return f"{first}event: {event}\ndata: {json.dumps(payload)}\n\n"


async def report(task: Task, _: float) -> AsyncIterator[str]:
    items, outcomes = blocking_upstream(task.task), []
    yield "retry: 3000\n\n"
    try:
        for done in range(1, task.steps + 1):
            outcomes.append(next(items))
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
    items = blocking_upstream(task.task)
    try:
        return JSONResponse({"outcomes": [next(items) for _ in range(task.steps)]})
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
