"""Heartbeats repeat the name of the task, line endings and all.

Fails: no_step_of_a_stream_is_left_out
"""

import asyncio
import json

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


class TaskRequest(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def comment(text: str) -> str:
    return f": {text}\n\n"


def event(kind: str, data: dict, **fields: int) -> str:
    extra = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"event: {kind}\n{extra}data: {json.dumps(data)}\n\n"


async def steps_of(items: Items, total: int, heartbeat: float):
    """(number, outcome) for each step; (number, None) when a heartbeat is due in step `number`."""
    for number in range(1, total + 1):
        step = asyncio.create_task(anext(items))
        while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
            yield number, None
        yield number, step.result()


async def report(body: TaskRequest, heartbeat: float):
    outcomes: list[str] = []
    yield "retry: 3000\n\n"
    async with upstream(body.task) as items:
        try:
            async for number, outcome in steps_of(items, body.steps, heartbeat):
                if outcome is None:
                    yield comment(f"still in step {number} of {body.task}")
                    continue
                outcomes.append(outcome)
                percent = round(100 * number / body.steps)
                yield event("progress", {"done": number, "total": body.steps, "percent": percent}, id=number)
            yield event("result", {"outcomes": outcomes})
        except UpstreamError as error:
            yield event("error", {"detail": str(error), "done": len(outcomes)})


@app.post("/tasks")
async def run_task(body: TaskRequest, stream: bool = False, heartbeat: float = Query(15.0, gt=0)):
    if stream:
        return StreamingResponse(report(body, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(body.task) as items:
            return JSONResponse({"outcomes": [await anext(items) for _ in range(body.steps)]})
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
