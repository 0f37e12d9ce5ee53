"""One endpoint that returns FastAPI's EventSourceResponse, with events encoded by FastAPI's own function."""

import asyncio
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, format_sse_event

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


def event(name: str, **payload: Any) -> bytes:
    identity = str(payload["done"]) if name == "progress" else None
    return format_sse_event(event=name, id=identity, data_str=json.dumps(payload))


async def steps_of(items: Items, steps: int, heartbeat: float) -> AsyncIterator[str | None]:
    """The outcome of each step, and None whenever there is no news for ``heartbeat`` seconds."""
    for _ in range(steps):
        step = asyncio.ensure_future(anext(items))
        try:
            while not (await asyncio.wait([step], timeout=heartbeat))[0]:
                yield None
            yield step.result()
        finally:
            step.cancel()


async def events(task: str, steps: int, heartbeat: float) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=3000, comment=f"{steps} steps to go")
    outcomes: list[str] = []
    try:
        async for outcome in steps_of(upstream(task), steps, heartbeat):
            if outcome is None:
                yield format_sse_event(comment="")
                continue
            outcomes.append(outcome)
            done = len(outcomes)
            yield event("progress", done=done, total=steps, percent=100.0 * done / steps)
        yield event("result", outcomes=outcomes)
    except UpstreamError as error:
        yield event("error", detail=str(error), done=len(outcomes))


@app.exception_handler(UpstreamError)
async def bad_gateway(_: Request, error: UpstreamError) -> JSONResponse:
    status = HTTPStatus.BAD_GATEWAY
    problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": str(error)}
    return JSONResponse(problem, status, media_type="application/problem+json")


@app.post("/tasks", response_model=None)
async def tasks(
    task: Annotated[str, Body()],
    steps: Annotated[int, Body(ge=1, le=1000)],
    stream: bool = False,
    heartbeat: float = 15.0,
) -> Response | dict[str, list[str]]:
    if stream:
        return EventSourceResponse(events(task, steps, heartbeat))
    items = upstream(task)
    return {"outcomes": [await anext(items) for _ in range(steps)]}
