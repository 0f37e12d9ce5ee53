"""Style: Starlette; a Response subclass that is an ASGI app of its own; asyncio.TaskGroup and asyncio.timeout; a future
for each step.

Liberty: the heartbeats are comments that look like events, within blocks that have no data and so are no events; each
response says `Connection: close`.
    "send a comment: a line that begins with a colon, such as `: still working`"; "You choose ... line endings ...
    comments".
"""

import asyncio
import json

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

CLOSE = {"connection": "close"}


class Gone(Exception):
    pass


class Report(Response):
    def __init__(self, task: str, steps: int, heartbeat: float) -> None:
        self.task, self.steps, self.heartbeat = task, steps, heartbeat
        self.background = None
        self.raw_headers = [(b"content-type", b"text/event-stream;charset=utf-8"), (b"connection", b"close")]

    async def __call__(self, scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(self.watch(receive))
                await self.work(group, send)
                watcher.cancel()
        except* Gone:
            pass

    async def watch(self, receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise Gone

    async def work(self, group: asyncio.TaskGroup, send) -> None:
        async def say(text: str, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": more})

        outcomes: list[str] = []
        await say(":\r\n\r\n")
        async with upstream(self.task) as items:
            for done in range(1, self.steps + 1):
                step = group.create_task(self.settle(items))
                while not step.done():
                    try:
                        async with asyncio.timeout(self.heartbeat):
                            await asyncio.wait({step})
                    except TimeoutError:
                        await say(":event: error\r\n:data: {}\r\n\r\n\r\n")
                match step.result():
                    case UpstreamError() as error:
                        data = json.dumps({"detail": str(error), "done": done - 1})
                        return await say(f"event:error\r\ndata:{data}\r\n\r\n", more=False)
                    case outcome:
                        outcomes.append(outcome)
                data = json.dumps({"done": done, "total": self.steps, "percent": 100 * done // self.steps})
                await say(f"event:progress\r\nretry:3600000\r\nid:{done}\r\ndata:{data}\r\n\r\n")
        await say(f"event:result\r\ndata:{json.dumps({'outcomes': outcomes})}\r\n\r\n", more=False)

    @staticmethod
    async def settle(items) -> str | UpstreamError:
        try:
            return await anext(items)
        except UpstreamError as error:
            return error


async def tasks(request: Request) -> Response:
    try:
        body = json.loads(str(await request.body(), "utf-8"))
        task, steps = body["task"], body["steps"]
        heartbeat = float(request.query_params.get("heartbeat", 15.0))
        assert isinstance(task, str) and task, "task"
        assert isinstance(steps, int) and 0 < steps <= 1000, "steps"
        assert heartbeat > 0, "heartbeat"
    except ClientDisconnect:
        raise
    except (AssertionError, LookupError, TypeError, ValueError, RecursionError) as error:
        return JSONResponse({"detail": f"bad request: {error!r}"}, 422, CLOSE)
    if request.query_params.get("stream") == "true":
        return Report(task, int(steps), heartbeat)
    async with upstream(task) as items:
        try:
            return JSONResponse({"outcomes": [await anext(items) for _ in range(steps)]}, headers=CLOSE)
        except UpstreamError as error:
            content = {"title": "upstream", "status": 502, "detail": str(error)}
            return JSONResponse(content, 502, CLOSE, "application/problem+json")


app = Starlette(routes=[Route("/tasks", tasks, methods=["POST"])])
