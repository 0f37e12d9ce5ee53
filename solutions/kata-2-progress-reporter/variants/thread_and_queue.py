"""A thread does the steps, reports each through a queue, and checks for a disconnect between two steps."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from itertools import islice

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


class Work:
    """The outcomes of a task, and then None, or the error that ended it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._loop = asyncio.get_running_loop()
        self.news: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()
        self.stopped = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            with blocking_upstream(self._task.task) as items:
                for outcome in islice(items, self._task.steps):
                    self._tell("outcome", outcome)
                    if self.stopped.is_set():
                        return
        except UpstreamError as error:
            self._tell("error", str(error))
        else:
            self._tell("end", None)

    def _tell(self, kind: str, value: str | None) -> None:
        self._loop.call_soon_threadsafe(self.news.put_nowait, (kind, value))


def sse(event: str, payload: object, line: str = "") -> str:
    return f"event: {event}\n{line}data: {json.dumps(payload)}\n\n"


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    work, outcomes = Work(task), []
    news = asyncio.ensure_future(work.news.get())
    try:
        yield "retry: 3000\n\n"
        while True:
            while not (await asyncio.wait({news}, timeout=heartbeat))[0]:
                yield ": still at it\n\n"
            kind, value = news.result()
            if kind == "error":
                yield sse("error", {"detail": value, "done": len(outcomes)})
                return
            if kind == "end":
                yield sse("result", {"outcomes": outcomes})
                return
            outcomes.append(value)
            done = len(outcomes)
            payload = {"done": done, "total": task.steps, "percent": 100 * done // task.steps}
            yield sse("progress", payload, f"id: {done}\n")
            news = asyncio.ensure_future(work.news.get())
    finally:
        work.stopped.set()
        news.cancel()


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    work, outcomes = Work(task), []
    while True:
        kind, value = await work.news.get()
        if kind == "error":
            problem = {"title": "Bad Gateway", "status": 502, "detail": value}
            return JSONResponse(problem, 502, media_type="application/problem+json")
        if kind == "end":
            return JSONResponse({"outcomes": outcomes})
        outcomes.append(value)
