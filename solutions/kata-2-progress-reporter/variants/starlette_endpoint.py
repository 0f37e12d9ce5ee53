"""Starlette without FastAPI: an endpoint class, and a body that is checked by hand."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream


@dataclass
class Job:
    """A task, and how far it is. Each request has its own."""

    task: str
    steps: int
    outcomes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, body: object) -> "Job":
        """Raises ValueError when the body is not a valid task."""
        match body:
            case {"task": str(task), "steps": int(steps)} if steps in range(1, 1001):
                return cls(task, steps)
        raise ValueError("A task is {task: string, steps: 1 to 1000}.")

    async def run(self) -> AsyncIterator[dict[str, float]]:
        async with upstream(self.task) as items:
            while len(self.outcomes) < self.steps:
                self.outcomes.append(await anext(items))
                done = len(self.outcomes)
                yield {"done": done, "total": self.steps, "percent": math.floor(done / self.steps * 100)}

    async def report(self) -> AsyncIterator[str]:
        yield "retry: 2500\n: the job begins\n\n"
        try:
            async for progress in self.run():
                yield f"event: progress\nid: {progress['done']}\ndata: {json.dumps(progress)}\n\n"
        except UpstreamError as error:
            failure = {"detail": str(error), "done": len(self.outcomes)}
            yield "event: error\ndata: " + json.dumps(failure) + "\n\n"
        else:
            yield "event: result\ndata: " + json.dumps({"outcomes": self.outcomes}) + "\n\n"


async def with_heartbeat(events: AsyncIterator[str], seconds: float) -> AsyncIterator[str]:
    """All of ``events``, and a comment whenever there has been none for ``seconds``."""
    following: asyncio.Future[str | None] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(anext(events, None))
            await asyncio.wait({following}, timeout=seconds)
            if not following.done():
                yield ":\n\n"
                continue
            event, following = following.result(), None
            if event is None:
                return
            yield event
    finally:
        if following is not None:
            following.cancel()


def problem(status: int, title: str, detail: str) -> Response:
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(document, status, media_type="application/problem+json")


class Tasks(HTTPEndpoint):
    async def post(self, request: Request) -> Response:
        try:
            job = Job.of(json.loads(await request.body()))
            heartbeat = float(request.query_params.get("heartbeat", 15))
        except ValueError as error:
            return problem(422, "Unprocessable Content", str(error))
        if request.query_params.get("stream") == "true":
            return StreamingResponse(with_heartbeat(job.report(), heartbeat), media_type="text/event-stream")
        try:
            async for _ in job.run():
                pass
        except UpstreamError as error:
            return problem(502, "Bad Gateway", str(error))
        return JSONResponse({"outcomes": job.outcomes})


app = Starlette(routes=[Route("/tasks", Tasks)])
