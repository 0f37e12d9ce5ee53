"""After three failures in a row a prompt gets 502 for a minute, and the upstream is not asked.

Fails: upstream_is_opened_once, responses_are_in_their_mode
"""

import json
import time

from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
failures = {}


def event(data, name=None):
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


async def events(first, chunks):
    count = 0
    chunk = first
    try:
        while chunk is not None:
            yield event({"index": count, "text": chunk})
            count += 1
            chunk = await anext(chunks, None)
        yield event({"chunks": count}, "done")
    finally:
        await chunks.aclose()


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    number, until = failures.get(prompt, (0, 0.0))
    if number >= 3 and time.monotonic() < until:
        return JSONResponse({"detail": "the upstream is down"}, status_code=502)
    chunks = upstream(prompt)
    try:
        if not stream:
            return JSONResponse({"chunks": [chunk async for chunk in chunks]})
        first = await anext(chunks, None)
    except UpstreamError as error:
        failures[prompt] = (failures.get(prompt, (0, 0.0))[0] + 1, time.monotonic() + 60)
        return JSONResponse({"detail": str(error)}, status_code=502)
    failures.pop(prompt, None)
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
