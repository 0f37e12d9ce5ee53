"""FastAPI's own events: a yielding endpoint for streams, another for batches, and a route that looks at the query.

FastAPI's keep-alive comes every 15 seconds; for another interval the endpoint yields comments itself.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from starlette.datastructures import QueryParams
from starlette.routing import Match
from starlette.types import Scope

from grader.kit import UpstreamError, upstream


class StreamRoute(APIRoute):
    """A route for requests with `stream=true` only."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        asked = QueryParams(scope.get("query_string", b"")).get("stream")
        return (match, child) if asked == "true" else (Match.NONE, {})


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


class Progress(BaseModel):
    done: int
    total: int
    percent: float


class Outcomes(BaseModel):
    outcomes: list[str] = []


streams = APIRouter(route_class=StreamRoute)
batches = APIRouter()


@streams.post("/tasks", response_class=EventSourceResponse)
async def stream_task(task: Task, heartbeat: float = 15.0) -> AsyncIterator[ServerSentEvent]:
    found = Outcomes()
    items = upstream(task.task)
    for done in range(1, task.steps + 1):
        step = asyncio.ensure_future(anext(items))
        try:
            while not (await asyncio.wait([step], timeout=heartbeat))[0]:
                yield ServerSentEvent(comment="still working")
            found.outcomes.append(step.result())
        except UpstreamError as error:
            yield ServerSentEvent(event="error", data={"detail": str(error), "done": done - 1})
            return
        finally:
            step.cancel()
        progress = Progress(done=done, total=task.steps, percent=round(100 * done / task.steps, 1))
        yield ServerSentEvent(event="progress", id=str(done), retry=3000, data=progress)
    yield ServerSentEvent(event="result", data=found)


@batches.post("/tasks", response_model=None)
async def batch_task(task: Task, stream: Literal["false"] = "false") -> Outcomes | JSONResponse:
    del stream  # declared only so that other values are refused
    items = upstream(task.task)
    try:
        return Outcomes(outcomes=[await anext(items) for _ in range(task.steps)])
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")


app = FastAPI()
app.include_router(streams)
app.include_router(batches)
