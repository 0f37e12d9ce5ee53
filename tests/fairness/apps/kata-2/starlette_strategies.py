"""Style: Starlette without FastAPI; a Runner class with two reporters (strategies); asyncio.wait with a timeout; the
body is validated by hand, with all faults listed in a problem document.

Liberty: the `retry` has leading zeros.
    "the number of milliseconds, at least 100", "It is written in digits alone, without a unit."
"""

import asyncio
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream


class Invalid(Exception):
    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Job:
    task: str
    steps: int

    @classmethod
    def parse(cls, raw: bytes) -> "Job":
        try:
            body = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Invalid(["the body is not JSON"]) from None
        if not isinstance(body, dict):
            raise Invalid(["the body is not an object"])
        faults = []
        task, steps = body.get("task"), body.get("steps")
        if not isinstance(task, str) or not task:
            faults.append("task: not a text, or empty")
        if type(steps) is not int or not 1 <= steps <= 1000:
            faults.append("steps: not a whole number from 1 to 1000")
        if faults:
            raise Invalid(faults)
        return cls(task, steps)


class Reporter(ABC):
    def __init__(self, job: Job) -> None:
        self.job = job

    @abstractmethod
    async def respond(self) -> Response: ...


class BatchReporter(Reporter):
    async def respond(self) -> Response:
        outcomes = []
        async with upstream(self.job.task) as items:
            try:
                while len(outcomes) < self.job.steps:
                    outcomes.append(await anext(items))
            except UpstreamError as error:
                return problem(502, str(error))
        return JSONResponse({"outcomes": outcomes})


class StreamReporter(Reporter):
    def __init__(self, job: Job, heartbeat: float) -> None:
        super().__init__(job)
        self.heartbeat = heartbeat

    async def respond(self) -> Response:
        return StreamingResponse(self.report(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def report(self):
        outcomes: list[str] = []
        total = self.job.steps
        yield "retry: 00003000\n\n"
        async with upstream(self.job.task) as items:
            for done in range(1, total + 1):
                step = asyncio.create_task(items.__anext__())
                try:
                    while not (await asyncio.wait({step}, timeout=self.heartbeat))[0]:
                        yield f": step {done} goes on\n\n"
                    outcomes.append(step.result())
                except UpstreamError as error:
                    yield self.event("error", {"detail": str(error), "done": done - 1})
                    return
                finally:
                    step.cancel()
                progress = {"done": done, "total": total, "percent": 100 * done // total}
                yield self.event("progress", progress, done)
        yield self.event("result", {"outcomes": outcomes})

    @staticmethod
    def event(name: str, data: dict, number: int | None = None) -> str:
        lines = [f"data: {json.dumps(data)}", f"event: {name}"]
        if number is not None:
            lines.insert(0, f"id: {number}")
        return "\n".join(lines) + "\n\n"


def problem(status: int, detail: str, **further) -> Response:
    title = {502: "A step failed", 422: "The task cannot be read"}[status]
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **further}
    return JSONResponse(content, status, media_type="application/problem+json")


async def tasks(request: Request) -> Response:
    query = request.query_params
    try:
        job = Job.parse(await request.body())
        heartbeat = float(query.get("heartbeat", 15))
        if not heartbeat > 0:
            raise Invalid(["heartbeat: not more than 0"])
    except Invalid as error:
        return problem(422, str(error), faults=error.faults)
    except ValueError:
        return problem(422, "heartbeat: not a number")
    stream = query.get("stream", "false")
    if stream not in ("true", "false"):
        return problem(422, "stream: neither true nor false")
    reporter = StreamReporter(job, heartbeat) if stream == "true" else BatchReporter(job)
    return await reporter.respond()


app = Starlette(routes=[Route("/tasks", tasks, methods=["POST"])])
