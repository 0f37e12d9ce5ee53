"""Style: one long procedural endpoint in plain FastAPI, dict in, dict out; all is parsed by hand and lax.

Liberty: "3", 3.0, " 3 " and true count as whole numbers; any spelling of true counts for `stream`.
    "You choose ... whether `"3"`, `3.0` or `true` counts as a whole number".
"""

import asyncio
import json

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


@app.post("/tasks")
async def tasks(request: Request):
    stream = request.query_params.get("stream", "").strip().lower() in ("true", "1", "yes", "on", "t", "y")
    try:
        heartbeat = float(request.query_params.get("heartbeat", "15"))
        body = json.loads((await request.body()).decode("utf-8"))
        task = body["task"]
        steps = int(float(body["steps"]))
        if steps != float(body["steps"]) or not 1 <= steps <= 1000:
            raise ValueError("steps")
        if type(task) is not str or task == "":
            raise ValueError("task")
        if not heartbeat > 0:
            raise ValueError("heartbeat")
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        return JSONResponse({"error": type(error).__name__}, status_code=422)

    items = upstream(task)
    results = []

    if not stream:
        try:
            for i in range(steps):
                results.append(await items.__anext__())
        except UpstreamError as e:
            await items.aclose()
            return JSONResponse(
                {"title": "error", "status": 502, "detail": "Upstream said: " + str(e)},
                status_code=502,
                headers={"Content-Type": "application/problem+json; charset=utf-8"},
            )
        await items.aclose()
        return {"outcomes": results}

    async def gen():
        step = None
        yield "retry: 3000\n\n"
        try:
            for i in range(steps):
                step = asyncio.get_running_loop().create_task(items.__anext__())
                waited = set()
                while step not in waited:
                    waited, _ = await asyncio.wait({step}, timeout=heartbeat / 2)
                    if step not in waited:
                        yield ":heartbeat\n\n"
                try:
                    results.append(step.result())
                except UpstreamError as e:
                    yield (
                        "event: error\ndata: " + json.dumps({"detail": "Upstream said: " + str(e), "done": i}) + "\n\n"
                    )
                    return
                p = {"done": i + 1, "total": steps, "percent": (i + 1) * 100 // steps}
                yield "event: progress\nid: " + str(i + 1) + "\ndata: " + json.dumps(p) + "\n\n"
            yield "event: result\ndata: " + json.dumps({"outcomes": results}) + "\n\n"
        finally:
            if step:
                step.cancel()
            await items.aclose()

    return StreamingResponse(gen(), media_type="text/event-stream")
