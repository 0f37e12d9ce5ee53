"""A limit on the events of a second holds back what comes after a burst of 600, until the next event or heartbeat.

Fails: a_late_step_is_told_as_it_is_done
"""

import asyncio
import json
import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream


class Bucket:
    def __init__(self, burst: int, rate: float) -> None:
        self.burst, self.rate = burst, rate
        self.tokens, self.at = float(burst), time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


async def run_task(request: Request) -> Response:
    try:
        body = json.loads(await request.body())
        task, steps = body["task"], body["steps"]
    except (ValueError, KeyError, TypeError, IndexError):
        return JSONResponse({"detail": "not an object with a task and steps"}, 422)
    if not isinstance(task, str) or not task or type(steps) is not int or not 1 <= steps <= 1000:
        return JSONResponse({"detail": "the task or the number of steps is not valid"}, 422)
    if request.query_params.get("stream") == "true":
        heartbeat = float(request.query_params.get("heartbeat", "15"))
        return StreamingResponse(report(task, steps, heartbeat), media_type="text/event-stream")
    async with upstream(task) as items:
        try:
            return JSONResponse({"outcomes": [await anext(items) for _ in range(steps)]})
        except UpstreamError as error:
            problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
            return JSONResponse(problem, 502, media_type="application/problem+json")


async def report(task: str, steps: int, heartbeat: float):
    yield "retry: 3000\n\n"
    bucket = Bucket(burst=600, rate=50)
    outcomes: list[str] = []
    held = ""
    step = None
    async with upstream(task) as items:
        try:
            for done in range(1, steps + 1):
                step = asyncio.ensure_future(anext(items))
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield held + ": still working\n\n"
                    held = ""
                outcomes.append(step.result())
                data = {"done": done, "total": steps, "percent": 100 * done // steps}
                held += f"event: progress\nid: {done}\ndata: {json.dumps(data)}\n\n"
                if bucket.take():
                    yield held
                    held = ""
            yield f"{held}event: result\ndata: {json.dumps({'outcomes': outcomes})}\n\n"
        except UpstreamError as error:
            yield f"{held}event: error\ndata: {json.dumps({'detail': str(error), 'done': len(outcomes)})}\n\n"
        finally:
            if step is not None:
                step.cancel()


app = Starlette(routes=[Route("/tasks", run_task, methods=["POST"])])
