"""Kata 2 in Litestar: a route handler function, a msgspec struct for the body, and ServerSentEvent."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from litestar import Litestar, Request, Response, post
from litestar.background_tasks import BackgroundTask
from litestar.exceptions import ClientException
from litestar.params import Parameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.status_codes import HTTP_200_OK, HTTP_400_BAD_REQUEST, HTTP_422_UNPROCESSABLE_ENTITY, HTTP_502_BAD_GATEWAY

from grader.kit import Items, UpstreamError, upstream


class Task(msgspec.Struct):
    task: Annotated[str, msgspec.Meta(min_length=1)]
    steps: Annotated[int, msgspec.Meta(ge=1, le=1000)]


async def pull(items: Items) -> str:
    try:
        return await anext(items)
    except StopAsyncIteration:  # only the stand-in ends
        raise UpstreamError("the upstream has no more steps") from None


async def report(items: Items, total: int, heartbeat: float) -> AsyncGenerator[ServerSentEventMessage, None]:
    outcomes: list[str] = []
    async with items:
        for done in range(1, total + 1):
            step = asyncio.create_task(pull(items))
            try:
                while not step.done():
                    finished, _ = await asyncio.wait({step}, timeout=heartbeat)
                    if not finished:
                        yield ServerSentEventMessage(comment="still working", data=None)
                outcomes.append(step.result())
            except UpstreamError as error:
                failure = {"detail": str(error), "done": len(outcomes)}
                yield ServerSentEventMessage(event="error", data=json.dumps(failure))
                return
            finally:
                step.cancel()  # does nothing when it is done
            progress = {"done": done, "total": total, "percent": 100 * done // total}
            yield ServerSentEventMessage(event="progress", id=done, data=json.dumps(progress))
    yield ServerSentEventMessage(event="result", data=json.dumps({"outcomes": outcomes}))


@post("/tasks", status_code=HTTP_200_OK)
async def run_task(data: Task, stream: bool = False, heartbeat: Annotated[float, Parameter(gt=0)] = 15.0) -> Response:
    items = upstream(data.task)
    if stream:
        return ServerSentEvent(
            report(items, data.steps, heartbeat),
            retry_duration=3000,
            background=BackgroundTask(items.aclose),  # also runs when the client has left
        )
    async with items:
        return Response({"outcomes": [await pull(items) for _ in range(data.steps)]})


def on_upstream_error(request: Request, error: UpstreamError) -> Response:
    problem = {"type": "about:blank", "title": "Bad Gateway", "status": HTTP_502_BAD_GATEWAY, "detail": str(error)}
    return Response(problem, status_code=HTTP_502_BAD_GATEWAY, media_type="application/problem+json")


def on_bad_request(request: Request, error: ClientException) -> Response:
    """Both JSON that does not parse and a body that does not fit: 400 in Litestar."""
    return Response(
        {"detail": error.detail, "extra": error.extra},
        status_code=HTTP_422_UNPROCESSABLE_ENTITY,
        media_type="application/json",
    )


app = Litestar(
    [run_task],
    exception_handlers={UpstreamError: on_upstream_error, HTTP_400_BAD_REQUEST: on_bad_request},
    openapi_config=None,
)
