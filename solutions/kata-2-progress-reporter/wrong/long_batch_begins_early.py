"""A batch of more than 250 steps is sent as its outcomes come, to save memory.

Fails: every_number_of_steps_is_done
"""

import asyncio
import json

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()
LARGE = 250


class Job(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


@app.post("/tasks")
async def run_task(job: Job, stream: bool = False, heartbeat: float = Query(15.0, gt=0)):
    if stream:
        return StreamingResponse(report(job, heartbeat), media_type="text/event-stream")
    items = upstream(job.task)
    try:
        outcomes = [await anext(items) for _ in range(min(job.steps, LARGE))]
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
    if job.steps > LARGE:
        return StreamingResponse(chunks(outcomes, items, job.steps), media_type="application/json")
    await items.aclose()
    return JSONResponse({"outcomes": outcomes})


async def chunks(first, items, steps: int):
    """The JSON document, without all outcomes in memory at once."""
    async with items:
        yield json.dumps({"outcomes": first})[:-2]
        for _ in range(steps - len(first)):
            yield ", " + json.dumps(await anext(items))
    yield "]}"


async def report(job: Job, heartbeat: float):
    yield "retry: 3000\n\n"
    outcomes: list[str] = []
    step = None
    async with upstream(job.task) as items:
        try:
            for done in range(1, job.steps + 1):
                step = asyncio.ensure_future(anext(items))
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield ": still working\n\n"
                outcomes.append(step.result())
                data = {"done": done, "total": job.steps, "percent": 100 * done // job.steps}
                yield f"event: progress\nid: {done}\ndata: {json.dumps(data)}\n\n"
            yield f"event: result\ndata: {json.dumps({'outcomes': outcomes})}\n\n"
        except UpstreamError as error:
            yield f"event: error\ndata: {json.dumps({'detail': str(error), 'done': len(outcomes)})}\n\n"
        finally:
            if step is not None:
                step.cancel()
