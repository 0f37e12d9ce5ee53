"""All streams share a lock around send, so a client that does not read a large result holds up every other stream.

Fails: others_are_answered_beside_a_stream
"""

import asyncio
import json
import math

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from grader.kit import UpstreamError, upstream


def refuse(reason):
    return JSONResponse({"detail": reason}, status_code=422)


def problem(message):
    body = {"type": "about:blank", "title": "The upstream failed", "status": 502, "detail": message}
    return Response(json.dumps(body), status_code=502, media_type="application/problem+json")


def event(kind, data, *fields):
    lines = [f"event: {kind}", *fields, f"data: {data}"]
    return "\n".join(lines) + "\n\n"


def valid_steps(steps):
    return type(steps) is int and 1 <= steps <= 1000


async def run_task(request):
    raw = await request.body()
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return refuse("the body is not JSON")
    if not isinstance(body, dict):
        return refuse("the body is not an object")
    task, steps = body.get("task"), body.get("steps")
    if not isinstance(task, str) or not task:
        return refuse("task must be a string that is not empty")
    if not valid_steps(steps):
        return refuse("steps must be a whole number from 1 to 1000")
    wants_stream = request.query_params.get("stream", "false").lower() in ("true", "1")
    try:
        heartbeat = float(request.query_params.get("heartbeat", "15"))
    except ValueError:
        return refuse("heartbeat must be a number")
    if not (math.isfinite(heartbeat) and heartbeat > 0):
        return refuse("heartbeat must be more than 0")
    if wants_stream:
        return Report(task, steps, heartbeat)
    return await batch(task, steps)


async def batch(task, steps):
    outcomes = []
    source = upstream(task)
    items = aiter(source)
    try:
        for _ in range(steps):
            outcomes.append(await anext(items))
    except UpstreamError as error:
        return problem(str(error))
    finally:
        await source.aclose()
    return Response(json.dumps({"outcomes": outcomes}), media_type="application/json")


writing = asyncio.Lock()


class Report:
    """The response to one stream; it alone pulls, and it alone sends."""

    def __init__(self, task, steps, heartbeat):
        self.task, self.steps, self.heartbeat = task, steps, heartbeat

    async def __call__(self, scope, receive, send):
        async def write(text, more=True):
            async with writing:
                await send({"type": "http.response.body", "body": text.encode(), "more_body": more})

        async def disconnected():
            while (await receive())["type"] != "http.disconnect":
                pass

        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await write("retry: 3000\n\n")

        source = upstream(self.task)
        items = aiter(source)
        gone = asyncio.ensure_future(disconnected())
        step = None
        outcomes = []
        try:
            for done in range(1, self.steps + 1):
                step = asyncio.ensure_future(anext(items))
                while True:
                    await asyncio.wait({step, gone}, timeout=self.heartbeat, return_when=asyncio.FIRST_COMPLETED)
                    if gone.done():
                        return
                    if step.done():
                        break
                    await write(": still working\n\n")
                try:
                    outcome = step.result()
                except UpstreamError as error:
                    await write(event("error", json.dumps({"detail": str(error), "done": done - 1})))
                    break
                outcomes.append(outcome)
                percent = 100 * done // self.steps
                data = {"done": done, "total": self.steps, "percent": percent}
                await write(event("progress", json.dumps(data), f"id: {done}"))
            else:
                await write(event("result", json.dumps({"outcomes": outcomes})))
            await write("", more=False)
        finally:
            gone.cancel()
            if step is not None and not step.done():
                step.cancel()
                await asyncio.wait({step})
            await source.aclose()


app = Starlette(routes=[Route("/tasks", run_task, methods=["POST"])])
