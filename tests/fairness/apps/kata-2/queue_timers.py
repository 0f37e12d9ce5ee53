"""Style: a producer task with asyncio.Queue(maxsize=1); the heartbeats are put in the queue by loop.call_later.

Liberty: `percent` is a float that is not rounded, and the last one is written 1E+2.
    "`percent` is 100 * done / total, rounded to a whole number (up or down) or not at all; after the last step it is
    exactly 100" (RFC 8259, 6: a number may have an exponent).
"""

import asyncio
import json
from contextlib import suppress

from fastapi import Body, FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
BEAT = ("beat", None)


class Channel:
    def __init__(self, task: str, steps: int, heartbeat: float) -> None:
        self.task, self.steps, self.heartbeat = task, steps, heartbeat
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[tuple[str, object]] = asyncio.Queue(maxsize=1)

    async def __aenter__(self) -> "Channel":
        self.producer = self.loop.create_task(self.produce())
        self.timer = self.loop.call_later(self.heartbeat, self.beat)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.timer.cancel()
        self.producer.cancel()
        with suppress(asyncio.CancelledError):
            await self.producer

    def beat(self) -> None:
        with suppress(asyncio.QueueFull):  # something is about to be sent
            self.queue.put_nowait(BEAT)
        self.timer = self.loop.call_later(self.heartbeat, self.beat)

    async def produce(self) -> None:
        try:
            async with upstream(self.task) as items:
                for _ in range(self.steps):
                    await self.queue.put(("outcome", await anext(items)))
        except UpstreamError as error:
            await self.queue.put(("failure", error))
        else:
            await self.queue.put(("end", None))

    async def get(self) -> tuple[str, object]:
        kind, value = await self.queue.get()
        if kind == "outcome":
            self.timer.cancel()
            self.timer = self.loop.call_later(self.heartbeat, self.beat)
        return kind, value


async def report(task: str, steps: int, heartbeat: float):
    yield "retry: 3000\r\r"
    outcomes: list[object] = []
    async with Channel(task, steps, heartbeat) as channel:
        while True:
            match await channel.get():
                case "beat", _:
                    yield ": beat\r\r"
                case "outcome", outcome:
                    outcomes.append(outcome)
                    done = len(outcomes)
                    percent = "1E+2" if done == steps else repr(100 * done / steps)
                    data = f'{{"percent": {percent}, "done": {done}, "total": {steps}}}'
                    yield f"id: {done}\rdata: {data}\revent: progress\r\r"
                case "failure", error:
                    yield f"event: error\rdata: {json.dumps({'detail': str(error), 'done': len(outcomes)})}\r\r"
                    return
                case "end", _:
                    yield f"event: result\rdata: {json.dumps({'outcomes': outcomes})}\r\r"
                    return


@app.post("/tasks")
async def tasks(
    task: str = Body(min_length=1),
    steps: int = Body(ge=1, le=1000),
    stream: bool = Query(False),
    heartbeat: float = Query(15, gt=0),
):
    if stream:
        return StreamingResponse(report(task, steps, heartbeat), media_type="text/event-stream")
    async with upstream(task) as items:
        try:
            outcomes = [await anext(items) for _ in range(steps)]
        except UpstreamError as error:
            content = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
            return JSONResponse(content, 502, media_type="application/problem+json")
    return {"outcomes": outcomes}
