"""One thread does all the work of a task. It gives each event to the event loop, and waits until it has been taken."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError, Future

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


class Worker(threading.Thread):
    """Works until all steps are done or ``stop()`` is called; a pull in progress cannot be interrupted."""

    def __init__(self, task: Task, events: asyncio.Queue[str], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(daemon=True)
        self._task = task
        self._events = events
        self._loop = loop
        self._stopped = threading.Event()
        self._handover: Future[None] = Future()

    def run(self) -> None:
        outcomes: list[str] = []
        try:
            for outcome in blocking_upstream(self._task.task):
                outcomes.append(outcome)
                self._report(len(outcomes))
                if self._stopped.is_set() or len(outcomes) == self._task.steps:
                    break
            self._put("result", {"outcomes": outcomes})
        except UpstreamError as error:
            self._put("error", {"detail": str(error), "done": len(outcomes)})
        except CancelledError:
            pass  # nobody takes events any more

    def stop(self) -> None:
        self._stopped.set()
        self._handover.cancel()

    def _report(self, done: int) -> None:
        total = self._task.steps
        self._put("progress", {"done": done, "total": total, "percent": int(100 * done / total)}, f"id: {done}\n")

    def _put(self, event: str, payload: object, line: str = "") -> None:
        if self._stopped.is_set():
            raise CancelledError
        text = f"event: {event}\n{line}data: {json.dumps(payload)}\n\n"
        self._handover = asyncio.run_coroutine_threadsafe(self._events.put(text), self._loop)
        self._handover.result()


async def report(task: Task, heartbeat: float) -> AsyncIterator[str]:
    events: asyncio.Queue[str] = asyncio.Queue(maxsize=1)
    worker = Worker(task, events, asyncio.get_running_loop())
    worker.start()
    try:
        yield "retry: 10000\n\n"
        event = ""
        while not event.startswith(("event: result", "event: error")):
            try:
                async with asyncio.timeout(heartbeat):
                    event = await events.get()
                yield event
            except TimeoutError:
                yield ": tick\n\n"
    finally:
        worker.stop()


def collect(task: Task) -> Response:
    items = blocking_upstream(task.task)
    try:
        return JSONResponse({"outcomes": [next(items) for _ in range(task.steps)]})
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
    finally:
        items.close()


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    return await asyncio.to_thread(collect, task)
