"""Style: asyncio.wait_for(asyncio.shield(...)); the endpoint is a dependency-injected callable object.

Liberty: `percent` is rounded down, up, or not at all, in turns.
    "`percent` is 100 * done / total, rounded to a whole number (up or down) or not at all".
"""

import asyncio
import json
from itertools import cycle
from math import ceil, floor
from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream


def sse(**fields: Any) -> bytes:
    return b"".join(b"%b: %b\r\n" % (k.encode(), str(v).encode()) for k, v in fields.items()) + b"\r\n"


class Tasks:
    def __init__(self, connect) -> None:
        self.connect = connect

    async def __call__(
        self,
        body: Annotated[Any, Body()],
        stream: bool = False,
        heartbeat: Annotated[float, Query(gt=0, allow_inf_nan=False)] = 15.0,
    ):
        task, steps = self.check(body)
        if stream:
            return StreamingResponse(self.report(task, steps, heartbeat), media_type="text/event-stream")
        items = self.connect(task)
        try:
            outcomes = [await items.__anext__() for _ in range(steps)]
        except UpstreamError as error:
            content = dict(title="failed", status=502, detail=str(error), type="urn:example:step-failed")
            return JSONResponse(content, status_code=502, media_type="application/problem+json")
        return JSONResponse({"outcomes": outcomes})

    @staticmethod
    def check(body: Any) -> tuple[str, int]:
        if not isinstance(body, dict):
            raise HTTPException(422, "not an object")
        task, steps = body.get("task"), body.get("steps")
        if not (isinstance(task, str) and task != ""):
            raise HTTPException(422, "no task")
        if isinstance(steps, bool) or not isinstance(steps, int) or steps not in range(1, 1001):
            raise HTTPException(422, "bad steps")
        return task, steps

    async def report(self, task: str, steps: int, heartbeat: float):
        rounding = cycle([floor, ceil, float])
        items = self.connect(task)
        outcomes: list[str] = []
        step: asyncio.Future[str] | None = None
        try:
            while len(outcomes) < steps:
                step = asyncio.ensure_future(items.__anext__())
                while True:
                    try:
                        outcomes.append(await asyncio.wait_for(asyncio.shield(step), timeout=heartbeat))
                        break
                    except TimeoutError:
                        yield b": heartbeat\r\n\r\n"
                done = len(outcomes)
                percent = next(rounding)(100 * done / steps)
                data = json.dumps({"done": done, "total": steps, "percent": percent})
                yield sse(event="progress", id=done, retry=3000, data=data)
        except UpstreamError as error:
            yield sse(event="error", data=json.dumps({"detail": str(error), "done": len(outcomes)}))
        else:
            yield sse(event="result", data=json.dumps({"outcomes": outcomes}))
        finally:
            if step is not None:
                step.cancel()
            await items.aclose()


app = FastAPI()
app.add_api_route("/tasks", Tasks(upstream).__call__, methods=["POST"], response_model=None)
