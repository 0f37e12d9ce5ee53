"""Gives up a step after 20 heartbeats.

Fails: heartbeats_go_on
"""

import asyncio
import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

MAX_BEATS = 20


def event(kind: str, data: object, id: int | None = None) -> str:
    return f"event: {kind}\n" + (f"id: {id}\n" if id is not None else "") + f"data: {json.dumps(data)}\n\n"


async def report(task: str, steps: int, heartbeat: float):
    yield "retry: 3000\n\n"
    outcomes: list[str] = []
    async with upstream(task) as items:
        step = None
        try:
            for done in range(1, steps + 1):
                step = asyncio.create_task(items.__anext__())
                beats = 0
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    beats += 1
                    if beats > MAX_BEATS:
                        raise UpstreamError("the upstream does not respond any more")
                    yield ": still working\n\n"
                outcomes.append(step.result())
                yield event("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, done)
        except UpstreamError as error:
            yield event("error", {"detail": str(error), "done": len(outcomes)})
            return
        finally:
            if step is not None:
                step.cancel()
    yield event("result", {"outcomes": outcomes})


async def tasks(request: Request) -> Response:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    match body:
        case {"task": str(task), "steps": int(steps)} if task and 1 <= steps <= 1000:
            steps = int(steps)
        case _:
            return JSONResponse({"detail": "a task and 1 to 1000 steps, please"}, status_code=422)
    if request.query_params.get("stream") == "true":
        heartbeat = float(request.query_params.get("heartbeat", 15))
        return StreamingResponse(report(task, steps, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(task) as items:
            outcomes = [await anext(items) for _ in range(steps)]
    except UpstreamError as error:
        return JSONResponse(
            {"title": "Bad Gateway", "status": 502, "detail": str(error)},
            status_code=502,
            media_type="application/problem+json",
        )
    return Response(json.dumps({"outcomes": outcomes}), media_type="application/json")


app = Starlette(routes=[Route("/tasks", tasks, methods=["POST"])])
