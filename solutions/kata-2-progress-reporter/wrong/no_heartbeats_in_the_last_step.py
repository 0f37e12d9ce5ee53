"""Heartbeats bridge each step but the last one.

Fails: a_later_step_has_heartbeats_as_well
"""

import asyncio
import json

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Job(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def event(kind, data, id=None):
    head = f"event: {kind}\n" if id is None else f"event: {kind}\nid: {id}\n"
    return f"{head}data: {json.dumps(data)}\n\n"


async def pull(items):
    return await anext(items)


async def report(task, steps, heartbeat):
    yield "retry: 3000\n\n"
    outcomes = []
    async with upstream(task) as items:
        for done in range(1, steps + 1):
            step = asyncio.create_task(pull(items))
            pause = heartbeat if done < steps else None
            try:
                while not (await asyncio.wait({step}, timeout=pause))[0]:
                    yield ": still working\n\n"
                outcomes.append(step.result())
            except UpstreamError as error:
                yield event("error", {"detail": str(error), "done": done - 1})
                return
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.wait({step})
            yield event("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, done)
    yield event("result", {"outcomes": outcomes})


@app.post("/tasks")
async def run_task(job: Job, stream: bool = False, heartbeat: float = Query(15.0, gt=0)):
    if stream:
        return StreamingResponse(report(job.task, job.steps, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(job.task) as items:
            return {"outcomes": [await anext(items) for _ in range(job.steps)]}
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, status_code=502, media_type="application/problem+json")
