"""Kata 2 with Quart: a Blueprint, pydantic in a decorator, a worker task that fills a queue."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from quart import Blueprint, Quart, Response, request

from grader.kit import UpstreamError, upstream


class Task(BaseModel):
    model_config = ConfigDict(extra="ignore")

    task: Annotated[str, Field(min_length=1)]
    steps: Annotated[int, Field(ge=1, le=1000)]


class Query(BaseModel):
    stream: bool = False
    heartbeat: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 15.0


def problem(status: HTTPStatus, detail: str, **more: Any) -> Response:
    body = {"title": status.phrase, "status": status.value, "detail": detail, **more}
    return Response(json.dumps(body), status.value, content_type="application/problem+json")


def validated(view: Callable[[Task, Query], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Give the view its body and its query as models; refuse with a problem document what does not fit."""

    @wraps(view)
    async def wrapper():
        try:
            query = Query.model_validate(request.args.to_dict())
            body = Task.model_validate_json(await request.get_data())
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request is not valid", errors=errors)
        return await view(body, query)

    return wrapper


bp = Blueprint("tasks", __name__, url_prefix="/tasks")


@bp.errorhandler(UpstreamError)
async def upstream_failed(error: UpstreamError) -> Response:
    return problem(HTTPStatus.BAD_GATEWAY, str(error))


@bp.route("", methods=["POST"])
@validated
async def run_task(body: Task, query: Query):
    if query.stream:
        response = Response(report(body, query.heartbeat), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.timeout = None
        return response
    outcomes = []
    async with upstream(body.task) as steps:
        while len(outcomes) < body.steps:
            outcomes.append(await anext(steps))
    return {"outcomes": outcomes}


@dataclass
class Event:
    event: str
    data: Any
    id: int | None = None

    def encode(self) -> bytes:
        lines = [f"event: {self.event}"]
        if self.id is not None:
            lines.append(f"id: {self.id}")
        lines.append(f"data: {json.dumps(self.data)}")
        return ("\n".join(lines) + "\n\n").encode()


async def work(body: Task, queue: asyncio.Queue) -> None:
    """Do the steps, and put each outcome into the queue, or the error that ended them."""
    try:
        async with upstream(body.task) as steps:
            for _ in range(body.steps):
                await queue.put(await anext(steps))
    except Exception as error:
        await queue.put(error)


async def report(body: Task, heartbeat: float) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[str | Exception] = asyncio.Queue(maxsize=1)
    worker = asyncio.create_task(work(body, queue))
    outcomes: list[str] = []
    try:
        yield b"retry: 2000\n: started\n\n"
        while len(outcomes) < body.steps:
            try:
                async with asyncio.timeout(heartbeat):  # ends the get, not the step
                    item = await queue.get()
            except TimeoutError:
                yield b":\n\n"
                continue
            match item:
                case UpstreamError():
                    yield Event("error", {"detail": str(item), "done": len(outcomes)}).encode()
                    return
                case Exception():
                    raise item
            outcomes.append(item)
            done = len(outcomes)
            progress = {"done": done, "total": body.steps, "percent": round(100 * done / body.steps, 1)}
            yield Event("progress", progress, id=done).encode()
        yield Event("result", {"outcomes": outcomes}).encode()
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


app = Quart(__name__)
app.config.update(RESPONSE_TIMEOUT=None, BODY_TIMEOUT=None, MAX_CONTENT_LENGTH=None)
app.register_blueprint(bp)
