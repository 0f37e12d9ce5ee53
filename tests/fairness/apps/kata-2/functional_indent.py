"""Style: functional; small pure functions for the format, a higher-order async generator for the heartbeats.

Liberty: the JSON of an event is indented and goes out as several `data` lines, the `id` between them.
    "You choose the order of JSON keys and of the fields of an event, spaces in JSON".
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

Pull = Callable[[], Awaitable[str]]

app = FastAPI()


class Body(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def data_lines(value: object) -> list[str]:
    return ["data: " + line for line in json.dumps(value, indent=1, ensure_ascii=False).split("\n")]


def progress(done: int, total: int) -> str:
    first, *others = data_lines({"total": total, "done": done, "percent": 100 * done / total})
    return block([first, f"id: {done}", "event: progress", *others])


def block(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines) + "\r\n"


async def patiently(pull: Pull, heartbeat: float) -> AsyncIterator[tuple[str] | None]:
    """None for each heartbeat, then the outcome as a tuple."""
    step = asyncio.ensure_future(pull())
    try:
        while not step.done():
            await asyncio.wait((step,), timeout=heartbeat)
            if not step.done():
                yield None
        yield (step.result(),)
    finally:
        step.cancel()


async def report(body: Body, heartbeat: float) -> AsyncIterator[str]:
    yield block(["retry: 15000", ": hello"])
    done: tuple[str, ...] = ()
    async with upstream(body.task) as items:
        try:
            while len(done) < body.steps:
                async for outcome in patiently(items.__anext__, heartbeat):
                    if outcome is None:
                        yield block([": still working"])
                    else:
                        done += outcome
                yield progress(len(done), body.steps)
        except UpstreamError as error:
            yield block(["event: error", *data_lines({"done": len(done), "detail": str(error)})])
        else:
            yield block([*data_lines({"outcomes": done}), "event: result"])


@app.post("/tasks")
async def tasks(body: Body, stream: bool = False, heartbeat: float = 15.0):
    if stream:
        return StreamingResponse(
            report(body, max(heartbeat, 0.001)), 200, {"Cache-Control": "no-store"}, "text/event-stream"
        )
    try:
        async with upstream(body.task) as items:
            return {"outcomes": [outcome async for outcome in take(items, body.steps)]}
    except UpstreamError as error:
        return JSONResponse(
            dict(title="The upstream failed", status=502, detail=str(error)), 502, media_type="application/problem+json"
        )


async def take(items: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    for _ in range(count):
        yield await anext(items)
