"""The steps done before an error are counted by the name of the task.

Fails: the_error_says_what_went_wrong
"""

import asyncio
import json

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()
DONE = {}


class Task(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def sse(name, data, **fields):
    head = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"event: {name}\n{head}data: {json.dumps(data)}\n\n"


@app.post("/tasks")
async def run_task(request: Request, body: Task, stream: bool = False, heartbeat: float = 15.0):
    if stream:
        return StreamingResponse(report(request, body.task, body.steps, heartbeat), media_type="text/event-stream")
    return await batch(request, body.task, body.steps, heartbeat)


async def batch(request, task, steps, heartbeat):
    outcomes = []
    try:
        async with upstream(task) as items:
            for _ in range(steps):
                outcomes.append(await anext(items))
    except UpstreamError as error:
        problem = {"title": "Upstream failed", "status": 502, "detail": str(error)}
        return JSONResponse(problem, status_code=502, media_type="application/problem+json")
    return JSONResponse({"outcomes": outcomes})


async def report(request, task, steps, heartbeat):
    yield "retry: 3000\n\n"
    outcomes = []
    async with upstream(task) as items:
        DONE[task] = 0
        for done in range(1, steps + 1):
            step = asyncio.ensure_future(anext(items))
            try:
                while not step.done():
                    await asyncio.wait({step}, timeout=heartbeat)
                    if not step.done():
                        yield ": still working\n\n"
                outcomes.append(step.result())
            except UpstreamError as error:
                yield sse("error", {"detail": str(error), "done": DONE[task]})
                return
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.wait({step})
            DONE[task] = done
            yield sse("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, id=done)
        yield sse("result", {"outcomes": outcomes})
