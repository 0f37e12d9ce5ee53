"""Style: FastAPI behind BaseHTTPMiddleware (access log), GZip, CORS and a pure ASGI request id; problem documents for
every error, by exception handlers; the stream begins with a comment and a `retry` so that no middleware holds the head.

Liberty: the upstream's message is in the middle of a longer line, and the problem documents have many further keys.
    "`detail`, one line that contains the upstream's message"; "an object with at least `title`, `status` (502) and
    `detail`".
"""

import asyncio
import json
import logging
import time
import uuid
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from grader.kit import UpstreamError, upstream

log = logging.getLogger(__name__)


class RequestIdMiddleware:
    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["request_id"] = name = uuid.uuid4().hex
            inner = send

            async def send(message):
                if message["type"] == "http.response.start":
                    message["headers"] = [*message.get("headers", ()), (b"x-request-id", name.encode())]
                await inner(message)

        await self.app(scope, receive, send)


class AccessLog(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        began = time.monotonic()
        response = await call_next(request)
        log.info("%s %d %.3f", request.url.path, response.status_code, time.monotonic() - began)
        return response


app = FastAPI()
app.add_middleware(AccessLog)
app.add_middleware(GZipMiddleware)
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_headers=["*"], allow_methods=["POST"])
app.add_middleware(RequestIdMiddleware)


class Job(BaseModel):
    task: Annotated[str, Field(min_length=1)]
    steps: Annotated[int, Field(ge=1, le=1000)]


def problem(request: Request, status: int, title: str, detail: str, **further) -> JSONResponse:
    content = {
        "type": f"https://example.org/problems/{status}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{uuid.UUID(request.state.request_id)}",
        "timestamp": time.time(),
        **further,
    }
    return JSONResponse(content, status, media_type="application/problem+json")


@app.exception_handler(RequestValidationError)
async def unprocessable(request: Request, error: RequestValidationError):
    places = [{"in": ".".join(map(str, item["loc"])), "what": item["msg"]} for item in error.errors()]
    return problem(request, 422, "Unprocessable", f"{len(places)} faults", faults=places)


class StepFailed(Exception):
    def __init__(self, done: int, total: int, cause: UpstreamError) -> None:
        self.done = done
        super().__init__(f"Step {done + 1} of {total} failed ({cause}), and the task is over.")


@app.exception_handler(StepFailed)
async def bad_gateway(request: Request, error: StepFailed):
    return problem(request, 502, "A step failed", str(error), done=error.done, retryable=False)


async def outcomes_of(job: Job, heartbeat: float | None):
    """Yield the outcome of each step, and None for each heartbeat."""
    async with upstream(job.task) as items:
        for done in range(job.steps):
            step = asyncio.ensure_future(anext(items))
            try:
                while not (await asyncio.wait([step], timeout=heartbeat))[0]:
                    yield None
                outcome = step.result()
            except UpstreamError as error:
                raise StepFailed(done, job.steps, error) from error
            finally:
                step.cancel()
            yield outcome


async def events(job: Job, heartbeat: float):
    yield ": " + "padding " * 8 + "\nretry: 5000\n\n"
    outcomes = []
    try:
        async for outcome in outcomes_of(job, heartbeat):
            if outcome is None:
                yield ": heartbeat\n\n"
                continue
            outcomes.append(outcome)
            done = len(outcomes)
            data = {"done": done, "total": job.steps, "percent": 100 * done // job.steps}
            yield f"id: {done}\nevent: progress\ndata: {json.dumps(data)}\n\n"
    except StepFailed as error:
        yield f"event: error\ndata: {json.dumps({'detail': str(error), 'done': error.done})}\n\n"
    else:
        yield f"event: result\ndata: {json.dumps({'outcomes': outcomes})}\n\n"


@app.post("/tasks")
async def tasks(job: Job, stream: bool = False, heartbeat: Annotated[float, Query(gt=0)] = 15):
    if stream:
        return StreamingResponse(events(job, heartbeat), media_type="text/event-stream")
    return {"outcomes": [outcome async for outcome in outcomes_of(job, None)]}
