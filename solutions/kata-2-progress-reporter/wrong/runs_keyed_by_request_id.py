"""Outcomes are kept by the client's `X-Request-ID`, so streams that share one share them.

Fails: both_modes_carry_the_same_outcomes, many_streams_run_at_once
"""

import asyncio
import json
import uuid

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()

#: The outcomes so far of each stream that is running, by request id.
runs: dict[str, list[str]] = {}


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


async def report(task: str, steps: int, heartbeat: float, run: str):
    yield "retry: 3000\n\n"
    step = None
    async with upstream(task) as items:
        try:
            for done in range(1, steps + 1):
                step = asyncio.ensure_future(anext(items))
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield ": still working\n\n"
                runs.setdefault(run, []).append(step.result())
                yield event("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, done)
        except UpstreamError as error:
            yield event("error", {"detail": str(error), "done": done - 1})
            return
        finally:
            outcomes = runs.pop(run, [])
            if step is not None:
                step.cancel()
    yield event("result", {"outcomes": outcomes})


@app.post("/tasks")
async def run_task(request: Request, body: Task, stream: bool = False, heartbeat: float = 15.0):
    if stream:
        run = request.headers.get("x-request-id") or uuid.uuid4().hex
        frames = report(body.task, body.steps, heartbeat, run)
        return StreamingResponse(frames, media_type="text/event-stream")
    try:
        async with upstream(body.task) as items:
            outcomes = [await anext(items) for _ in range(body.steps)]
    except UpstreamError as error:
        return problem(error)
    return Response(json.dumps({"outcomes": outcomes}), media_type="application/json")
