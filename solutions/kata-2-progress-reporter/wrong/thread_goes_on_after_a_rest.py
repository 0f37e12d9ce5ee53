"""A thread does the work with a pause after each step, and is not stopped when the client has disconnected.

Fails: it_adds_no_delays
May fail: leaving_ends_the_work, a_broken_connection_ends_the_work
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable

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


def work(task: Task, put: Callable[[str | None], object]) -> None:
    items, outcomes = blocking_upstream(task.task), []
    try:
        for done in range(1, task.steps + 1):
            outcomes.append(next(items))
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            put(sse("progress", progress, f"id: {done}\n"))
            time.sleep(0.1)
        put(sse("result", {"outcomes": outcomes}))
    except UpstreamError as error:
        put(sse("error", {"detail": str(error), "done": len(outcomes)}))
    put(None)


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    yield "retry: 3000\n\n"
    loop = asyncio.get_running_loop()
    put = lambda event: loop.call_soon_threadsafe(queue.put_nowait, event)  # noqa: E731
    threading.Thread(target=work, args=(task, put), daemon=True).start()
    event = ""
    while event is not None:
        try:
            event = await asyncio.wait_for(queue.get(), heartbeat)
            yield event or ""
        except TimeoutError:
            yield ": still at it\n\n"


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
