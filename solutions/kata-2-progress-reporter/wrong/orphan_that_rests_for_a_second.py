"""A task of its own does the work, once a second after the client has disconnected.

Fails: leaving_ends_the_work, a_broken_connection_ends_the_work
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def sse(event: str, data: object, first: str = "") -> str:
    return f"{first}event: {event}\ndata: {json.dumps(data)}\n\n"


async def work(task: Task, news: asyncio.Queue[tuple[str, str]], left: asyncio.Event) -> None:
    items = upstream(task.task)
    try:
        for _ in range(task.steps):
            if left.is_set():
                await asyncio.sleep(1)
            await news.put(("outcome", await anext(items)))
    except UpstreamError as error:
        await news.put(("error", str(error)))


working: set[asyncio.Task[None]] = set()


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    news: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    outcomes, left = [], asyncio.Event()
    running = asyncio.create_task(work(task, news, left))
    working.add(running)
    running.add_done_callback(working.discard)
    try:
        yield "retry: 3000\n\n"
        while len(outcomes) < task.steps:
            try:
                kind, text = await asyncio.wait_for(news.get(), heartbeat)
            except TimeoutError:
                yield ": still at it\n\n"
                continue
            if kind == "error":
                yield sse("error", {"detail": text, "done": len(outcomes)})
                return
            outcomes.append(text)
            done = len(outcomes)
            progress = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            yield sse("progress", progress, f"id: {done}\n")
        yield sse("result", {"outcomes": outcomes})
    finally:
        left.set()


def problem(detail: str) -> Response:
    document = {"title": "Bad Gateway", "status": 502, "detail": detail}
    return JSONResponse(document, 502, media_type="application/problem+json")


async def batch(task: Task) -> Response:
    items = upstream(task.task)
    try:
        return JSONResponse({"outcomes": [await anext(items) for _ in range(task.steps)]})
    except UpstreamError as error:
        return problem(str(error))


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    return await batch(task)
