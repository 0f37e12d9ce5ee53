"""A response class that does the work: one task group for the steps, the heartbeat and the client's disconnect."""

import json
from collections.abc import Awaitable, Callable

import anyio
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from grader.kit import UpstreamError, upstream

app = FastAPI()
Write = Callable[[str], Awaitable[None]]


class Task(BaseModel):
    task: str
    steps: int = Field(ge=1, le=1000)


class ProgressResponse(Response):
    media_type = "text/event-stream"

    def __init__(self, task: Task, heartbeat: float) -> None:
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]  # a stream has none
        self._task = task
        self._heartbeat = heartbeat
        self._last = anyio.current_time()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope  # the framework has read all of it
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

        async def write(text: str) -> None:
            self._last = anyio.current_time()
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

        async with anyio.create_task_group() as group:
            group.start_soon(self._beat, write)
            group.start_soon(self._watch, receive, group.cancel_scope)
            await self._work(write)
            group.cancel_scope.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self, receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def _beat(self, write: Write) -> None:
        while True:
            silence = anyio.current_time() - self._last
            if silence >= self._heartbeat:
                await write(": heartbeat\n\n")
            else:
                await anyio.sleep(self._heartbeat - silence)

    async def _work(self, write: Write) -> None:
        outcomes: list[str] = []
        total = self._task.steps
        try:
            async with upstream(self._task.task) as items:
                for done in range(1, total + 1):
                    outcomes.append(await anext(items))
                    data = json.dumps({"total": total, "percent": 100 * done / total, "done": done})
                    await write(f"id: {done}\nevent: progress\nretry: 1000\ndata: {data}\n\n")
        except UpstreamError as error:
            await write("event: error\ndata: " + json.dumps({"detail": str(error), "done": len(outcomes)}) + "\n\n")
        else:
            await write("event: result\ndata: " + json.dumps({"outcomes": outcomes}) + "\n\n")


@app.post("/tasks", response_model=None)
async def tasks(task: Task, stream: bool = False, heartbeat: float = 15.0) -> Response | dict[str, list[str]]:
    if stream:
        return ProgressResponse(task, heartbeat)
    items = upstream(task.task)
    try:
        return {"outcomes": [await anext(items) for _ in range(task.steps)]}
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
