"""Events are sent in blocks of 8 KiB: the rest of an event that is longer waits for the next event.

Fails: any_chunk_leaves_at_once
"""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

MODES = {None: False, "false": False, "true": True}
END = object()


def as_json(content, status=200):
    return Response(json.dumps(content), status_code=status, media_type="application/json")


def as_event(data, kind=None):
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def failed(error):
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
    return as_json({"chunks": texts})


async def events(text, chunks):
    count = 0
    buffer = b""
    try:
        while text is not END:
            buffer += as_event({"index": count, "text": text})
            full = len(buffer) // 8192 * 8192 or len(buffer)
            yield buffer[:full]
            buffer = buffer[full:]
            count += 1
            text = await pull(chunks)
        yield buffer + as_event({"chunks": count}, "done")
    finally:
        await chunks.aclose()


async def stream(prompt):
    chunks = upstream(prompt)
    try:
        first = await pull(chunks)
    except UpstreamError as error:
        return failed(error)
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


async def generate(request: Request):
    wanted = request.query_params.get("stream")
    if wanted not in MODES:
        return as_json({"detail": "stream must be true or false"}, 422)
    prompt = request.query_params.get("prompt", "")
    if MODES[wanted]:
        return await stream(prompt)
    return await batch(prompt)


app = Starlette(routes=[Route("/generate", generate, methods=["GET"])])
