"""After fifty chunks, the events go out ten at a time.

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
    held = b""
    try:
        while text is not END:
            held += as_event({"index": count, "text": text})
            if count < 50 or count % 10 == 9:
                yield held
                held = b""
            count += 1
            text = await pull(chunks)
        yield held + as_event({"chunks": count}, "done")
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
