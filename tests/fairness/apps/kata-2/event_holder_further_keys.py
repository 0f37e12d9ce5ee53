"""Style: an async iterator class (__aiter__, __anext__, a state machine) whose pull runs in a task that sets an
anyio.Event; anyio.move_on_after for the heartbeats.

Liberty: many further keys in each object, also in the batch and the result; keys of other objects among them.
    "You choose ... further keys of an object".
"""

import asyncio
import json
import time
from collections import deque

import anyio
from fastapi import FastAPI, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Job(BaseModel, extra="ignore"):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)

    def result(self, outcomes: list[str]) -> dict:
        return {"status": "ok", "detail": None, "done": len(outcomes), "outcomes": outcomes, "steps": self.steps}


class Report:
    def __init__(self, job: Job, heartbeat: float) -> None:
        self.job, self.heartbeat = job, heartbeat
        self.items = upstream(job.task)
        self.outcomes: list[str] = []
        self.ready: deque[str] = deque(["retry: 4000\n: welcome\n\n"])
        self.step: asyncio.Task[None] | None = None
        self.arrived = anyio.Event()
        self.over = False

    def __aiter__(self):
        return self

    async def __anext__(self) -> str:
        if self.ready:
            return self.ready.popleft()
        if self.over:
            raise StopAsyncIteration
        if self.step is None:
            self.arrived = anyio.Event()
            self.step = asyncio.create_task(self.pull())
        try:
            with anyio.move_on_after(self.heartbeat):
                await self.arrived.wait()
        except BaseException:
            await self.aclose()
            raise
        if not self.ready:
            return ": beat\n\n"
        self.step = None
        return self.ready.popleft()

    async def pull(self) -> None:
        job, done = self.job, len(self.outcomes)
        try:
            self.outcomes.append(await anext(self.items))
        except UpstreamError as error:
            self.add("error", {"detail": str(error), "done": done, "total": job.steps, "outcomes": self.outcomes[:3]})
            self.over = True
        else:
            done += 1
            percent = round(100 * done / job.steps)
            data = {"done": done, "total": job.steps, "percent": percent, "task": job.task[:20], "at": time.time()}
            self.add("progress", data, f"id: {done}\n")
            if done == job.steps:
                self.add("result", job.result(self.outcomes))
                self.over = True
        if self.over:
            await self.items.aclose()
        self.arrived.set()

    def add(self, name: str, data: dict, fields: str = "") -> None:
        self.ready.append(f"{fields}data: {json.dumps(data)}\nevent: {name}\n\n")

    async def aclose(self) -> None:
        if self.step is not None:
            self.step.cancel()
        await self.items.aclose()


class ReportResponse(StreamingResponse):
    async def __call__(self, scope, receive, send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.body_iterator.aclose()


@app.post("/tasks")
async def tasks(job: Job, response: Response, stream: bool = False, heartbeat: float = 15):
    if stream:
        return ReportResponse(Report(job, heartbeat), media_type="text/event-stream")
    outcomes = []
    async with upstream(job.task) as items:
        while len(outcomes) != job.steps:
            try:
                outcomes.append(await anext(items))
            except UpstreamError as error:
                document = {"title": "x", "status": 502, "detail": str(error), "outcomes": [], "done": len(outcomes)}
                return Response(json.dumps(document), 502, media_type="application/problem+json")
    return job.result(outcomes)
