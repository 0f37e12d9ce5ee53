"""Middleware around everything, which adds headers and turns errors into problem documents."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.middleware.gzip import GZipMiddleware

from grader.kit import UpstreamError, upstream

app = FastAPI()
app.add_middleware(GZipMiddleware, minimum_size=500)


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


@app.middleware("http")
async def say_who(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        response = await call_next(request)
    except UpstreamError as error:
        response = problem(502, "Bad Gateway", str(error))
    response.headers["X-Worker"] = "indexer-1"
    response.headers["Cache-Control"] = "no-cache"
    return response


@app.exception_handler(RequestValidationError)
async def refuse(_: Request, error: RequestValidationError) -> Response:
    return problem(422, "Unprocessable Content", "; ".join(str(found["msg"]) for found in error.errors()))


def problem(status: int, title: str, detail: str) -> Response:
    document = {"type": "https://example.org/problems/task", "title": title, "status": status, "detail": detail}
    return JSONResponse(document, status, media_type="application/problem+json")


def event(name: str, payload: object, first: str = "") -> str:
    return f"{first}event: {name}\r\ndata: {json.dumps(payload)}\r\n\r\n"


async def outcomes_of(task: Task) -> AsyncIterator[str]:
    async with upstream(task.task) as items:
        for _ in range(task.steps):
            yield await anext(items)


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    outcomes: list[str] = []
    steps = outcomes_of(task)
    pull: asyncio.Future[str] | None = None
    try:
        while len(outcomes) < task.steps:
            pull = pull or asyncio.ensure_future(anext(steps))
            finished, _ = await asyncio.wait({pull}, timeout=heartbeat)
            if not finished:
                yield ":keep-alive\r\n\r\n"
                continue
            outcomes.append(pull.result())
            pull = None
            done = len(outcomes)
            percent = round(done / task.steps, 4) * 100
            first = f"retry: 3000\r\nid: {done}\r\n"
            yield event("progress", {"done": done, "total": task.steps, "percent": percent}, first)
        yield event("result", {"outcomes": outcomes})
    except UpstreamError as error:
        yield event("error", {"detail": str(error), "done": len(outcomes)})
    finally:
        if pull is not None:
            pull.cancel()


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response | dict[str, list[str]]:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    return {"outcomes": [outcome async for outcome in outcomes_of(task)]}
