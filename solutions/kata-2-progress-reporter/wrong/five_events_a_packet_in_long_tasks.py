"""With more than 500 steps, five progress events are sent together.

Fails: a_late_step_is_told_as_it_is_done
"""

import asyncio
import json

from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Job(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def event(kind: str, data: object, number: int | None = None) -> str:
    lines = [f"event: {kind}"]
    if number is not None:
        lines.append(f"id: {number}")
    lines.append(f"data: {json.dumps(data)}")
    return "\n".join(lines) + "\n\n"


async def report(task: str, steps: int, heartbeat: float):
    yield "retry: 3000\n\n"
    outcomes = []
    # Hundreds of tiny packets are a waste: long tasks send their events in batches.
    batch_size = 1 if steps <= 500 else 5
    waiting = []
    async with upstream(task) as items:
        for done in range(1, steps + 1):
            step = asyncio.ensure_future(anext(items))
            try:
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield "".join(waiting) or ": still working\n\n"
                    waiting.clear()
                outcomes.append(step.result())
            except UpstreamError as error:
                yield "".join(waiting) + event("error", {"detail": str(error), "done": done - 1})
                return
            finally:
                step.cancel()
            waiting.append(event("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, done))
            if len(waiting) >= batch_size:
                yield "".join(waiting)
                waiting.clear()
    yield "".join(waiting) + event("result", {"outcomes": outcomes})


@app.post("/tasks")
async def run_task(job: Job, stream: bool = False, heartbeat: float = 15.0):
    if stream:
        return StreamingResponse(report(job.task, job.steps, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(job.task) as items:
            outcomes = [await anext(items) for _ in range(job.steps)]
    except UpstreamError as error:
        problem = {"title": "A step failed", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
    return JSONResponse({"outcomes": outcomes})
