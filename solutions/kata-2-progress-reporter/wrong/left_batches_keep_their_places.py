"""A semaphore of 32 counts the batches, too, whose clients have left.

Fails: many_batches_run_at_once
"""

import asyncio
import json

from fastapi import FastAPI
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()

#: We serve 32 clients.
places = asyncio.Semaphore(32)


class Task(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def event(kind: str, data: dict, number: int | None = None) -> str:
    lines = [f"event: {kind}"]
    if number is not None:
        lines.append(f"id: {number}")
    lines.append("data: " + json.dumps(data))
    return "\n".join(lines) + "\n\n"


def problem(error: UpstreamError) -> Response:
    document = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)}
    return Response(json.dumps(document), status_code=502, media_type="application/problem+json")


async def report(task: str, steps: int, heartbeat: float):
    yield "retry: 3000\n\n"
    outcomes = []
    step = None
    async with places, upstream(task) as items:
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
        finally:
            if step is not None:
                step.cancel()
    yield event("result", {"outcomes": outcomes})


@app.post("/tasks")
async def run_task(body: Task, stream: bool = False, heartbeat: float = 15.0):
    if stream:
        return StreamingResponse(report(body.task, body.steps, heartbeat), media_type="text/event-stream")
    try:
        async with places, upstream(body.task) as items:
            outcomes = [await anext(items) for _ in range(body.steps)]
    except UpstreamError as error:
        return problem(error)
    return Response(json.dumps({"outcomes": outcomes}), media_type="application/json")
