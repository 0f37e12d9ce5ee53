"""Carriage returns as line endings, JSON over several data lines, comments among fields, and writes of a few bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def block(event: str, payload: object, *more: str) -> Iterator[bytes]:
    """One event, in pieces that do not respect the borders of lines or characters."""
    data = json.dumps(payload, ensure_ascii=False, indent=1).split("\n")
    lines = [": next", *more, f"event:{event}", ":", *(f"data: {line}" for line in data), "", ""]
    text = "\r".join(lines).encode()
    return (text[start : start + 7] for start in range(0, len(text), 7))


async def report(task: Task, heartbeat: float) -> AsyncIterator[bytes]:
    yield b"\xef\xbb\xbf: hello\r"
    items = upstream(task.task)
    outcomes: list[str] = []
    for done in range(1, task.steps + 1):
        step = asyncio.ensure_future(anext(items))
        try:
            while not (await asyncio.wait([step], timeout=heartbeat))[0]:
                yield b":"
                yield b"\r"
            outcomes.append(step.result())
        except UpstreamError as error:
            for piece in block("error", {"detail": str(error), "done": done - 1}, "id"):
                yield piece
            return
        finally:
            step.cancel()
        progress = {"done": done, "total": task.steps, "percent": -(-100 * done // task.steps)}
        for piece in block("progress", progress, f"id:{done}", "retry: 0300"):
            yield piece
    for piece in block("result", {"outcomes": outcomes}):
        yield piece


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response | dict[str, list[str]]:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="Text/Event-Stream")
    items = upstream(task.task)
    try:
        return {"outcomes": [await anext(items) for _ in range(task.steps)]}
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json; charset=utf-8")
