"""Style: a Response subclass with an anyio task group, a memory object stream of size 0 and a separate ticker task.

Liberty: an event goes out line by line, and the comments of the ticker may come between the lines of an event.
    "You choose ... comments"; "send a comment: a line that begins with a colon"; "more comments are never wrong."
"""

import json
import math

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    task: str = Field(..., min_length=1)
    steps: int = Field(..., gt=0, lt=1001)


class ReportResponse(Response):
    media_type = "text/event-stream"

    def __init__(self, task: Task, heartbeat: float) -> None:
        self.status_code, self.background = 200, None
        self.raw_headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        self.task, self.heartbeat = task, heartbeat

    async def __call__(self, scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        outbox, inbox = anyio.create_memory_object_stream[str](0)
        async with anyio.create_task_group() as group, inbox:
            group.start_soon(self.watch, receive, group.cancel_scope)
            async with outbox:
                group.start_soon(self.work, outbox.clone(), group.cancel_scope)
                group.start_soon(self.tick, outbox.clone())
            async for line in inbox:
                await send({"type": "http.response.body", "body": line.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def watch(self, receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def tick(self, outbox: MemoryObjectSendStream[str]) -> None:
        async with outbox:
            while True:
                await anyio.sleep(self.heartbeat * 0.9)
                await outbox.send(": tick\n")

    async def work(self, outbox: MemoryObjectSendStream[str], scope: anyio.CancelScope) -> None:
        async def say(name: str, data: dict, *fields: str) -> None:
            for line in (f"event: {name}", *fields, f"data: {json.dumps(data)}", ""):
                await outbox.send(line + "\n")

        outcomes: list[str] = []
        async with outbox, upstream(self.task.task) as items:
            try:
                for done in range(1, self.task.steps + 1):
                    outcomes.append(await anext(items))
                    percent = math.ceil(100 * done / self.task.steps)
                    data = {"percent": percent, "done": done, "total": self.task.steps}
                    await say("progress", data, f"id: {done}", "retry: 100")
            except UpstreamError as error:
                await say("error", {"detail": f"step {len(outcomes) + 1}: {error}", "done": len(outcomes)})
            else:
                await say("result", {"outcomes": outcomes})
            await outbox.send(": end\n")
        scope.cancel()


@app.post("/tasks")
async def tasks(request: Request, stream: bool = False, heartbeat: float = 15):
    try:
        task = Task.model_validate_json(await request.body())
    except ValidationError as error:
        raise HTTPException(422, error.errors(include_url=False, include_context=False, include_input=False)) from None
    if not heartbeat > 0:
        raise HTTPException(422, "heartbeat must be more than 0")
    if stream:
        return ReportResponse(task, heartbeat)
    outcomes: list[str] = []
    async with upstream(task.task) as items:
        try:
            for _ in range(task.steps):
                outcomes.append(await anext(items))
        except UpstreamError as error:
            content = {"title": "Step failed", "status": 502, "detail": f"step {len(outcomes) + 1}: {error}"}
            return JSONResponse(content, 502, media_type="application/problem+json")
    return {"outcomes": outcomes}
