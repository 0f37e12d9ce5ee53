"""Each progress event has the outcome of its step, too; CRLF, and fields in another order."""

import asyncio
import json
from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def sse(kind, data, **more):
    lines = [f"{k}:{v}" for k, v in more.items()] + [f"data:{json.dumps(data, ensure_ascii=False)}", f"event:{kind}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogatepass")


@app.post("/tasks")
async def run(body: Task, stream: bool = False, heartbeat: Annotated[float, Query(gt=0)] = 15):
    if stream:
        return StreamingResponse(
            report(body, heartbeat), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
    outcomes = []
    try:
        async with upstream(body.task) as items:
            while len(outcomes) < body.steps:
                outcomes.append(await anext(items))
    except UpstreamError as error:
        return JSONResponse(
            {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)},
            502,
            media_type="application/problem+json",
        )
    return {"outcomes": outcomes}


async def report(body, heartbeat):
    yield b"retry:2500\r\n\r\n"
    outcomes = []
    async with upstream(body.task) as items:
        while len(outcomes) < body.steps:
            step = asyncio.ensure_future(anext(items))
            try:
                while not (await asyncio.wait({step}, timeout=heartbeat * 0.9))[0]:
                    yield b": still working\r\n\r\n"
            finally:
                if not step.done():
                    step.cancel()
            try:
                outcomes.append(step.result())
            except UpstreamError as error:
                yield sse("error", {"detail": str(error), "done": len(outcomes)})
                return
            n = len(outcomes)
            yield sse(
                "progress",
                {"percent": 100 * n // body.steps, "total": body.steps, "done": n, "outcome": outcomes[-1]},
                id=n,
            )
    yield sse("result", {"outcomes": outcomes})
