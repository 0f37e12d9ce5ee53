"""Workers are kept by the name of the task: the stream that ends first stops the other one of its name.

Fails: tasks_of_one_name_are_two_tasks
"""

import asyncio
import json

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()
workers = {}  # name of a task -> the asyncio.Task that does its steps


class Job(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


async def work(job, news):
    try:
        async with upstream(job.task) as items:
            for _ in range(job.steps):
                news.put_nowait(("outcome", await anext(items)))
        news.put_nowait(("result", None))
    except UpstreamError as error:
        news.put_nowait(("error", str(error)))
    finally:
        news.put_nowait(("end", None))


def stop(name):
    worker = workers.pop(name, None)
    if worker is not None:
        worker.cancel()


def event(kind, data, id=None):
    head = f"event: {kind}\n" if id is None else f"event: {kind}\nid: {id}\n"
    return f"{head}data: {json.dumps(data)}\n\n"


async def report(job, heartbeat):
    yield "retry: 3000\n\n"
    news = asyncio.Queue()
    worker = workers[job.task] = asyncio.create_task(work(job, news))
    outcomes = []
    try:
        while True:
            try:
                kind, value = await asyncio.wait_for(news.get(), timeout=heartbeat)
            except TimeoutError:
                yield ": still working\n\n"
                continue
            if kind == "outcome":
                outcomes.append(value)
                done = len(outcomes)
                yield event("progress", {"done": done, "total": job.steps, "percent": 100 * done // job.steps}, done)
            elif kind == "result":
                yield event("result", {"outcomes": outcomes})
            elif kind == "error":
                yield event("error", {"detail": value, "done": len(outcomes)})
            else:
                return
    finally:
        worker.cancel()
        stop(job.task)  # nothing goes on under this name


@app.post("/tasks")
async def run_task(job: Job, stream: bool = False, heartbeat: float = Query(15.0, gt=0)):
    if stream:
        return StreamingResponse(report(job, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(job.task) as items:
            return {"outcomes": [await anext(items) for _ in range(job.steps)]}
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, status_code=502, media_type="application/problem+json")
