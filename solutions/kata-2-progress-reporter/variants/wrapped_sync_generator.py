"""A sync generator reads the queue of a thread; around it an async one, whose cancellation waits for the sync one."""

import json
import queue
import threading
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import iterate_in_threadpool

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()

News = queue.Queue[tuple[str, str]]


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def work(task: Task, news: News, stop: threading.Event) -> None:
    try:
        with blocking_upstream(task.task) as items:
            for _ in range(task.steps):
                if stop.is_set():
                    return
                news.put(("outcome", next(items)))
        news.put(("end", ""))
    except UpstreamError as error:
        news.put(("error", str(error)))


def sse(event: str, payload: object, line: str = "") -> str:
    return f"event: {event}\n{line}data: {json.dumps(payload)}\n\n"


def report(task: Task, heartbeat: float, stop: threading.Event) -> Iterator[str]:
    news: News = queue.Queue()
    threading.Thread(target=work, args=(task, news, stop), daemon=True).start()
    outcomes: list[str] = []
    yield "retry: 1000\n\n"
    while True:
        try:
            kind, value = news.get(timeout=heartbeat)
        except queue.Empty:
            yield ": not yet\n\n"
            continue
        if kind == "end":
            yield sse("result", {"outcomes": outcomes})
            return
        if kind == "error":
            yield sse("error", {"detail": value, "done": len(outcomes)})
            return
        outcomes.append(value)
        done = len(outcomes)
        payload = {"done": done, "total": task.steps, "percent": round(100 * done / task.steps)}
        yield sse("progress", payload, f"id: {done}\n")


async def until_left(task: Task, heartbeat: float) -> AsyncIterator[str]:
    stop = threading.Event()
    try:
        async for part in iterate_in_threadpool(report(task, heartbeat, stop)):
            yield part
    finally:
        stop.set()


@app.post("/tasks", response_model=None)
def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(until_left(task, heartbeat), media_type="text/event-stream")
    try:
        with blocking_upstream(task.task) as items:
            return JSONResponse({"outcomes": [next(items) for _ in range(task.steps)]})
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
