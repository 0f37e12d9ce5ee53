"""After three failures in a row, each request gets a 502 for ten seconds, and the upstream is not opened.

Fails: batch_upstream_failure_is_502, stream_upstream_failure_is_502, many_streams_at_once, many_batches_at_once
"""

import json
import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

MODES = {None: False, "false": False, "true": True}
END = object()
FAILURES = []


def as_json(content, status=200):
    return Response(json.dumps(content), status_code=status, media_type="application/json")


def as_event(data, kind=None):
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def failed(error):
    FAILURES.append(time.monotonic())
    return as_json({"detail": f"the upstream failed: {error}"}, 502)


async def pull(chunks):
    return await anext(chunks, END)


async def batch(prompt):
    texts = []
    try:
        async for text in upstream(prompt):
            texts.append(text)
    except UpstreamError as error:
        return failed(error)
    FAILURES.clear()
    return as_json({"chunks": texts})


async def events(text, chunks):
    count = 0
    try:
        while text is not END:
            yield as_event({"index": count, "text": text})
            count += 1
            text = await pull(chunks)
        yield as_event({"chunks": count}, "done")
    finally:
        await chunks.aclose()


async def stream(prompt):
    chunks = upstream(prompt)
    try:
        first = await pull(chunks)
    except UpstreamError as error:
        return failed(error)
    FAILURES.clear()
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


async def generate(request: Request):
    wanted = request.query_params.get("stream")
    if wanted not in MODES:
        return as_json({"detail": "stream must be true or false"}, 422)
    prompt = request.query_params.get("prompt", "")
    if len(FAILURES) >= 3:
        if time.monotonic() - FAILURES[-1] < 10:
            return as_json({"detail": "the upstream is down"}, 502)
        FAILURES.clear()
    if MODES[wanted]:
        return await stream(prompt)
    return await batch(prompt)


app = Starlette(routes=[Route("/generate", generate, methods=["GET"])])
