"""Style: FastAPI with sse-starlette, whose own ping task sends the heartbeats; CRLF.

Liberty: the pings go by their own clock, twice as often as asked, also while steps are quick.
    "more comments are never wrong."
"""

import json

from fastapi import Body, FastAPI, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from grader.kit import UpstreamError, upstream


class TaskIn(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


app = FastAPI()


async def report(job: TaskIn):
    outcomes = []
    yield ServerSentEvent(retry=3000)
    async with upstream(job.task) as items:
        while (done := len(outcomes)) < job.steps:
            try:
                outcomes.append(await anext(items))
            except UpstreamError as error:
                yield ServerSentEvent(json.dumps({"detail": str(error), "done": done}), event="error")
                return
            done += 1
            data = {"done": done, "total": job.steps, "percent": int(100 * done / job.steps)}
            yield ServerSentEvent(json.dumps(data), event="progress", id=str(done))
    yield ServerSentEvent(json.dumps({"outcomes": outcomes}), event="result")


@app.post("/tasks")
async def tasks(job: TaskIn = Body(), stream: bool = False, heartbeat: float = Query(default=15.0, gt=0)):
    if stream:
        return EventSourceResponse(
            report(job), ping=heartbeat / 2, ping_message_factory=lambda: ServerSentEvent(comment="still working")
        )
    items = upstream(job.task)
    try:
        return {"outcomes": [await anext(items) for _ in range(job.steps)]}
    except UpstreamError as error:
        return JSONResponse(
            {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)},
            status_code=502,
            media_type="application/problem+json",
        )
