"""The retry field is a float in its shortest form, such as 1e+06.

Fails: retry_is_in_milliseconds
"""

import asyncio
import json

from fastapi import Depends, FastAPI, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class TaskRequest(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


async def reporter(body: TaskRequest, heartbeat: float = Query(15.0, gt=0)):
    async def report():
        # Who notices a lost connection after one heartbeat may well wait for as long before the next one.
        yield f"retry: {max(1000 * heartbeat, 1000):g}\n\n"
        outcomes = []
        items = upstream(body.task)
        try:
            for done in range(1, body.steps + 1):
                step = asyncio.ensure_future(anext(items))
                while not (await asyncio.wait({step}, timeout=heartbeat))[0]:
                    yield ": still working\n\n"
                outcomes.append(step.result())
                data = {"done": done, "total": body.steps, "percent": 100 * done / body.steps}
                yield f"id: {done}\nevent: progress\ndata: {json.dumps(data)}\n\n"
            yield f"event: result\ndata: {json.dumps({'outcomes': outcomes})}\n\n"
        except UpstreamError as error:
            yield f"event: error\ndata: {json.dumps({'detail': str(error), 'done': len(outcomes)})}\n\n"
        finally:
            await items.aclose()

    return report


@app.post("/tasks")
async def run_task(body: TaskRequest, stream: bool = False, report=Depends(reporter)):
    if stream:
        return StreamingResponse(report(), media_type="text/event-stream")
    try:
        async with upstream(body.task) as items:
            return JSONResponse({"outcomes": [await anext(items) for _ in range(body.steps)]})
    except UpstreamError as error:
        problem = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        return JSONResponse(problem, 502, media_type="application/problem+json")
