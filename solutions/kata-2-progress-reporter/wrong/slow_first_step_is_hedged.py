"""The upstream is opened a second time where the first step of a stream takes more than a second.

Fails: others_are_answered_beside_a_stream, the_upstream_is_opened_once
"""

import asyncio
import json
from contextlib import AsyncExitStack

from fastapi import FastAPI
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Task(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


def event(kind: str, data: dict, number: int | None = None) -> str:
    lines = [f"event: {kind}"]
    if number is not None:
        lines.append(f"id: {number}")
    lines.append("data: " + json.dumps(data))
    return "\n".join(lines) + "\n\n"


def problem(error: UpstreamError) -> Response:
    document = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": str(error)}
    return Response(json.dumps(document), status_code=502, media_type="application/problem+json")


async def hedged(task: str) -> tuple:
    """An open upstream, and its first outcome: that of the quicker one, where the first is slow."""
    pulls: dict[asyncio.Future, object] = {}
    winner = None
    try:
        while winner is None:
            if len(pulls) < 2:
                items = upstream(task)
                pulls[asyncio.ensure_future(anext(items))] = items
            patience = 1.0 if len(pulls) == 1 else None
            ready, _ = await asyncio.wait(pulls, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            winner = next(iter(ready), None)
        return pulls[winner], winner.result()
    finally:
        for pull, items in pulls.items():
            if pull is not winner:
                pull.cancel()
                await items.aclose()


async def report(task: str, steps: int, heartbeat: float):
    yield "retry: 3000\n\n"
    outcomes = []
    step = None
    items = None
    async with AsyncExitStack() as stack:
        try:
            for done in range(1, steps + 1):
                step = asyncio.ensure_future(hedged(task) if items is None else anext(items))
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield ": still working\n\n"
                if items is None:
                    items, outcome = step.result()
                    await stack.enter_async_context(items)
                else:
                    outcome = step.result()
                outcomes.append(outcome)
                yield event("progress", {"done": done, "total": steps, "percent": 100 * done // steps}, done)
        except UpstreamError as error:
            yield event("error", {"detail": str(error), "done": len(outcomes)})
            return
        finally:
            if step is not None:
                step.cancel()
    yield event("result", {"outcomes": outcomes})


@app.post("/tasks")
async def run_task(body: Task, stream: bool = False, heartbeat: float = 15.0):
    if stream:
        return StreamingResponse(report(body.task, body.steps, heartbeat), media_type="text/event-stream")
    try:
        async with upstream(body.task) as items:
            outcomes = [await anext(items) for _ in range(body.steps)]
    except UpstreamError as error:
        return problem(error)
    return Response(json.dumps({"outcomes": outcomes}), media_type="application/json")
