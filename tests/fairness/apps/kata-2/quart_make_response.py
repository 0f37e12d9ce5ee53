"""Kata 2 with Quart: progress of a task. Async view, validation by hand, asyncio.wait for the heartbeats."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from typing import Any

from quart import Quart, Response, make_response, request

from grader.kit import UpstreamError, upstream

app = Quart(__name__)
app.config["RESPONSE_TIMEOUT"] = None  # a slow reader gets its batch as well
app.config["BODY_TIMEOUT"] = None


class Invalid(Exception):
    """The request is refused."""


@app.errorhandler(Invalid)
async def invalid(error: Invalid):
    return {"detail": str(error)}, 422


@app.errorhandler(UpstreamError)
async def upstream_failed(error: UpstreamError):
    problem = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)}
    return json.dumps(problem), 502, {"Content-Type": "application/problem+json"}


@app.post("/tasks")
async def run_task():
    stream, heartbeat = read_query()
    task, steps = await read_body()
    if not stream:
        async with upstream(task) as items:
            return {"outcomes": [await anext(items) for _ in range(steps)]}
    response: Response = await make_response(
        report(task, steps, heartbeat), {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    )
    response.timeout = None
    return response


def read_query() -> tuple[bool, float]:
    stream = request.args.get("stream", "false")
    if stream not in ("true", "false"):
        raise Invalid("stream must be true or false")
    try:
        heartbeat = float(request.args.get("heartbeat", "15"))
    except ValueError:
        raise Invalid("heartbeat must be a number of seconds") from None
    if not (0 < heartbeat and math.isfinite(heartbeat)):
        raise Invalid("heartbeat must be more than 0")
    return stream == "true", heartbeat


async def read_body() -> tuple[str, int]:
    # Not get_json(): it makes its own HTML page with 400, and fails with 500 where the body is not UTF-8.
    try:
        body: Any = json.loads(await request.get_data())
    except (ValueError, RecursionError):
        raise Invalid("the body must be JSON") from None
    if not isinstance(body, dict):
        raise Invalid("the body must be an object")
    task, steps = body.get("task"), body.get("steps")
    if not isinstance(task, str) or not task:
        raise Invalid("task must be a string that is not empty")
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= 1000:
        raise Invalid("steps must be a whole number from 1 to 1000")
    return task, steps


async def report(task: str, steps: int, heartbeat: float) -> AsyncIterator[str]:
    yield "retry: 3000\n\n"
    outcomes: list[str] = []
    async with upstream(task) as items:
        for done in range(1, steps + 1):
            step = asyncio.ensure_future(anext(items))
            try:
                while not step.done():
                    await asyncio.wait({step}, timeout=heartbeat)  # wait_for would cancel the step
                    if not step.done():
                        yield ": still working\n\n"
                outcomes.append(step.result())
            except UpstreamError as error:
                yield event("error", {"detail": str(error), "done": done - 1})
                return
            finally:
                step.cancel()  # when the client has left; otherwise it is done, and this does nothing
            yield event("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, id=done)
    yield event("result", {"outcomes": outcomes})


def event(name: str, data: Any, id: int | None = None) -> str:
    line = "" if id is None else f"id: {id}\n"
    return f"event: {name}\n{line}data: {json.dumps(data)}\n\n"
