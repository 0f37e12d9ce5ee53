"""A body whose media type has a charset is refused.

Fails: the_query_alone_decides_the_mode, every_number_of_steps_is_done
"""

import asyncio
import json

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def sse(name, data, **fields):
    head = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"event: {name}\n{head}data: {json.dumps(data)}\n\n"


@app.post("/tasks")
async def run_task(request: Request, body: Task, stream: bool = False, heartbeat: float = 15.0):
    if request.headers.get("content-type", "").lower() != "application/json":
        return JSONResponse({"detail": "send JSON"}, status_code=422)
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
        for done in range(1, steps + 1):
            step = asyncio.ensure_future(anext(items))
            try:
                while not step.done():
                    await asyncio.wait({step}, timeout=heartbeat)
                    if not step.done():
                        yield ": still working\n\n"
                outcomes.append(step.result())
            except UpstreamError as error:
                yield sse("error", {"detail": str(error), "done": done - 1})
                return
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.wait({step})
            yield sse("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, id=done)
        yield sse("result", {"outcomes": outcomes})
