"""A heartbeat of more than 60 seconds is refused.

Fails: the_query_alone_decides_the_mode, every_number_of_steps_is_done
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def event(kind: str, data: dict, number: int | None = None) -> str:
    head = f"event: {kind}\n" + (f"id: {number}\n" if number is not None else "")
    return f"{head}data: {json.dumps(data)}\n\n"


async def report(task: str, steps: int, heartbeat: float) -> AsyncIterator[str]:
    yield "retry: 3000\n\n"
    outcomes: list[str] = []
    async with upstream(task) as items:
        try:
            for done in range(1, steps + 1):
                step = asyncio.ensure_future(anext(items))
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield ": still working\n\n"
                outcomes.append(step.result())
                yield event("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, done)
        except UpstreamError as error:
            yield event("error", {"detail": str(error), "done": len(outcomes)})
            return
    yield event("result", {"outcomes": outcomes})


@app.post("/tasks")
async def run_task(
    body: Task,
    stream: bool = False,
    heartbeat: Annotated[float, Query(gt=0, le=60, description="seconds between heartbeats")] = 15.0,
):
    if stream:
        return StreamingResponse(report(body.task, body.steps, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(body.task) as items:
            return JSONResponse({"outcomes": [await anext(items) for _ in range(body.steps)]})
    except UpstreamError as error:
        problem = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, status_code=502, media_type="application/problem+json")
