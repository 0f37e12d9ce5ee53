"""From step 701 on, events are sent in pairs.

Fails: a_late_step_is_told_as_it_is_done
"""

import asyncio
import json
from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: Annotated[str, Field(min_length=1)]
    steps: Annotated[int, Field(ge=1, le=1000)]


def event(kind, data, number=None):
    head = f"event: {kind}\n" + (f"id: {number}\n" if number is not None else "")
    return f"{head}data: {json.dumps(data)}\n\n"


async def report(task, steps, heartbeat):
    yield "retry: 3000\n\n"
    outcomes = []
    held = ""
    step = None
    async with upstream(task) as items:
        try:
            for done in range(1, steps + 1):
                step = asyncio.ensure_future(anext(items))
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield ": still working\n\n"
                outcomes.append(step.result())
                held += event("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, done)
                if done > 700 and done % 2 and done < steps:
                    continue
                yield held
                held = ""
        except UpstreamError as error:
            yield held + event("error", {"detail": str(error), "done": len(outcomes)})
            return
        finally:
            if step is not None:
                step.cancel()
    yield event("result", {"outcomes": outcomes})


@app.post("/tasks")
async def run_task(body: Task, stream: bool = False, heartbeat: Annotated[float, Query(gt=0)] = 15.0):
    if stream:
        return StreamingResponse(report(body.task, body.steps, heartbeat), media_type="text/event-stream")
    outcomes = []
    try:
        async with upstream(body.task) as items:
            for _ in range(body.steps):
                outcomes.append(await anext(items))
    except UpstreamError as error:
        problem = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, status_code=502, media_type="application/problem+json")
    return JSONResponse({"outcomes": outcomes})
