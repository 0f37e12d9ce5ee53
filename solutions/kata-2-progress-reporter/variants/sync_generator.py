"""No `async` at all: FastAPI runs `def` and plain generators in threads, where a blocking pull delays no other request.

One more thread does the pulls of a stream, so that the generator can wait for it with a time limit.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for_futures
from itertools import islice

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


def event(name: str, payload: object) -> str:
    return f"event: {name}\ndata: {json.dumps(payload, ensure_ascii=False)}\n"


def report(task: Task, heartbeat: float) -> Iterator[str]:
    outcomes: list[str] = []
    worker = ThreadPoolExecutor(max_workers=1)
    try:
        items = blocking_upstream(task.task)
        for done in range(1, task.steps + 1):
            pull = worker.submit(next, items)  # pulled when the client is ready for it, never ahead
            while not wait_for_futures([pull], timeout=heartbeat).done:
                yield ":\n"
            outcomes.append(pull.result())
            progress = {"done": done, "total": task.steps, "percent": 100 * done / task.steps}
            yield f"retry: 2000\nid: {done}\n{event('progress', progress)}\n"
        yield event("result", {"outcomes": outcomes}) + "\n"
    except UpstreamError as error:
        yield event("error", {"detail": str(error), "done": len(outcomes)}) + "\n"
    finally:
        worker.shutdown(wait=False, cancel_futures=True)


@app.post("/tasks", response_model=None)
def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> dict[str, list[str]] | Response:
    if stream:
        return StreamingResponse(report(task, heartbeat), media_type="text/event-stream")
    try:
        with blocking_upstream(task.task) as items:
            return {"outcomes": list(islice(items, task.steps))}
    except UpstreamError as error:
        problem = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
