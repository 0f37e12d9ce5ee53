"""Style: `blocking_upstream` in a daemon thread for each request, one pull for each asyncio future handed to it; closing
wakes the thread.

Liberty: a heartbeat is a single line `:`, without text and without a blank line after it.
    "send a comment: a line that begins with a colon".
"""

import asyncio
import json
import queue
import threading

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, conint, constr

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


class Worker:
    def __init__(self, task: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.items = blocking_upstream(task)
        self.orders: queue.SimpleQueue[asyncio.Future[str] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self) -> None:
        with self.items as items:
            while (order := self.orders.get()) is not None:
                try:
                    self.tell(order, next(items), None)
                except StopIteration:  # closed
                    return
                except Exception as error:
                    return self.tell(order, "", error)

    def tell(self, order: asyncio.Future[str], outcome: str, error: Exception | None) -> None:
        def settle() -> None:
            if not order.done():
                order.set_exception(error) if error else order.set_result(outcome)

        try:
            self.loop.call_soon_threadsafe(settle)
        except RuntimeError:
            self.items.close()

    def pull(self) -> "asyncio.Future[str]":
        order = self.loop.create_future()
        self.orders.put(order)
        return order

    def close(self) -> None:
        self.items.close()
        self.orders.put(None)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Job(BaseModel):
    task: constr(min_length=1)
    steps: conint(ge=1, le=1000)


def frame(event: str, **data: object) -> str:
    number = f"id:{data['done']}\n" if event == "progress" else ""
    return f"event:{event}\n{number}data:{json.dumps(data, separators=(',', ':'))}\n\n"


async def report(job: Job, heartbeat: float):
    yield "retry:1000\n\n"
    outcomes: list[str] = []
    with Worker(job.task) as worker:
        for step in range(1, job.steps + 1):
            order = worker.pull()
            while True:
                await asyncio.wait({order}, timeout=heartbeat)
                if order.done():
                    break
                yield ":\n"
            if error := order.exception():
                yield frame("error", detail=str(error), done=step - 1)
                return
            outcomes.append(order.result())
            yield frame("progress", done=step, total=job.steps, percent=step * 100 // job.steps)
    yield frame("result", outcomes=outcomes)


@app.post("/tasks")
async def tasks(job: Job, stream: bool = False, heartbeat: float = Query(15, gt=0)):
    if stream:
        return StreamingResponse(report(job, heartbeat), media_type="text/event-stream")
    with Worker(job.task) as worker:
        try:
            return {"outcomes": [await worker.pull() for _ in range(job.steps)]}
        except UpstreamError as error:
            problem = {"title": "upstream failed", "status": 502, "detail": str(error)}
            return JSONResponse(problem, 502, media_type="application/problem+json")
