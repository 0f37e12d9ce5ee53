"""An asynchronous response around a blocking library: each pull runs in a thread, shielded from the timeout."""

import asyncio
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


def lines(**fields: object) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in fields.items()).encode() + b"\n"


async def report(task: Task, heartbeat: float) -> AsyncIterator[bytes]:
    items = blocking_upstream(task.task)
    outcomes: list[str] = []
    try:
        while len(outcomes) < task.steps:
            pull = asyncio.ensure_future(asyncio.to_thread(next, items))
            while not pull.done():
                try:
                    await asyncio.wait_for(asyncio.shield(pull), heartbeat)
                except TimeoutError:
                    yield b": " + str(len(outcomes)).encode() + b" steps so far\n\n"
            outcomes.append(pull.result())
            done = len(outcomes)
            data = json.dumps({"done": done, "total": task.steps, "percent": 100 * done // task.steps})
            yield lines(event="progress", id=done, data=data, retry=1500)
    except UpstreamError as error:
        yield lines(event="error", data=json.dumps({"detail": str(error), "done": len(outcomes)}))
    else:
        yield lines(event="result", data=json.dumps({"outcomes": outcomes}))


async def collect(task: Task) -> list[str]:
    items = blocking_upstream(task.task)
    return [await asyncio.to_thread(next, items) for _ in range(task.steps)]


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    try:
        return JSONResponse({"outcomes": await collect(task)})
    except UpstreamError as error:
        problem = {"title": "Upstream failure", "status": 502, "detail": str(error), "instance": task.task}
        return JSONResponse(problem, 502, media_type="application/problem+json")
