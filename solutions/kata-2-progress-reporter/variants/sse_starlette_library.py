"""The sse-starlette library, which ends lines with CRLF, and sends the heartbeat by itself at a given interval."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


async def events(task: Task) -> AsyncIterator[ServerSentEvent | dict[str, str]]:
    outcomes: list[str] = []
    try:
        async with upstream(task.task) as items:
            async for outcome in items:
                outcomes.append(outcome)
                done = len(outcomes)
                progress = {"done": done, "total": task.steps, "percent": done * 100 // task.steps}
                yield JSONServerSentEvent(progress, event="progress", id=str(done), retry=3000)
                if done == task.steps:
                    break
    except UpstreamError as error:
        yield {"event": "error", "data": json.dumps({"detail": str(error), "done": len(outcomes)})}
    else:
        yield {"event": "result", "data": json.dumps({"outcomes": outcomes})}


@app.exception_handler(UpstreamError)
async def bad_gateway(_: Request, error: UpstreamError) -> JSONResponse:
    problem = {"title": "The upstream failed", "status": 502, "detail": str(error)}
    return JSONResponse(problem, status_code=502, headers={"Content-Type": "application/problem+json"})


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response | dict[str, list[str]]:
    if heartbeat <= 0:
        raise HTTPException(422, detail="heartbeat must be more than 0")
    if stream:
        return EventSourceResponse(
            events(task), ping=heartbeat, ping_message_factory=lambda: ServerSentEvent(comment="ping")
        )
    async with upstream(task.task) as items:
        return {"outcomes": [await anext(items) for _ in range(task.steps)]}
