"""A pattern for the log tries each way to split a long word of a task's name.

Fails: the_task_is_passed_on_unchanged
"""

import asyncio
import json
import logging
import re

from fastapi import FastAPI
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()
logger = logging.getLogger("tasks")
#: Words, with one space or hyphen between them: harmless in a log.
PLAIN = re.compile(r"(\w+[ -]?)+")


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
        finally:
            if step is not None:
                step.cancel()
    yield event("result", {"outcomes": outcomes})


@app.post("/tasks")
async def run_task(body: Task, stream: bool = False, heartbeat: float = 15.0):
    logger.info("%s, %d steps", body.task if PLAIN.fullmatch(body.task) else ascii(body.task), body.steps)
    if stream:
        return StreamingResponse(report(body.task, body.steps, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(body.task) as items:
            outcomes = [await anext(items) for _ in range(body.steps)]
    except UpstreamError as error:
        return problem(error)
    return Response(json.dumps({"outcomes": outcomes}), media_type="application/json")
