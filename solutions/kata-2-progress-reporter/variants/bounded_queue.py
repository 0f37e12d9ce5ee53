"""A producer task puts events into a queue with one place; the response takes them out, or sends a comment."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: Annotated[int, Field(ge=1, le=1000)]


def sse(name: str, payload: object, identity: str = "") -> str:
    return f"id: {identity}\nevent: {name}\ndata: {json.dumps(payload)}\n\n"


async def work(task: Task, queue: asyncio.Queue[str | None]) -> None:
    outcomes: list[str] = []
    try:
        async for outcome in upstream(task.task):
            outcomes.append(outcome)
            done = len(outcomes)
            progress = {"done": done, "total": task.steps, "percent": round(100 * done / task.steps)}
            await queue.put("retry: 5000\n" + sse("progress", progress, str(done)))
            if done == task.steps:
                break
        await queue.put(sse("result", {"outcomes": outcomes}, "result"))
    except UpstreamError as error:
        await queue.put(sse("error", {"done": len(outcomes), "detail": f"The task failed: {error}"}, "error"))
    await queue.put(None)


async def events(task: Task, heartbeat: float) -> AsyncIterator[str]:
    queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1)
    producer = asyncio.create_task(work(task, queue))
    try:
        while True:
            try:
                # Only the wait for the queue times out here; the work goes on in its own task.
                event = await asyncio.wait_for(queue.get(), heartbeat)
            except TimeoutError:
                yield ": no news\n\n"
                continue
            if event is None:
                return
            yield event
    finally:
        producer.cancel()
        with suppress(asyncio.CancelledError):
            await producer


@app.exception_handler(HTTPException)
async def problem(_: Request, error: HTTPException) -> JSONResponse:
    """Every refusal of this app is a problem document."""
    document = {"title": "The task failed", "status": error.status_code, "detail": error.detail}
    return JSONResponse(document, error.status_code, media_type="application/problem+json")


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> dict[str, list[str]] | StreamingResponse:
    if stream:
        return StreamingResponse(events(task, heartbeat), media_type="text/event-stream")
    outcomes: list[str] = []
    try:
        async for outcome in upstream(task.task):
            outcomes.append(outcome)
            if len(outcomes) == task.steps:
                break
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return {"outcomes": outcomes}
