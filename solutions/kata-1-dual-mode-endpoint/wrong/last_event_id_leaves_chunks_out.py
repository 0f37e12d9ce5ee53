"""A stream leaves out the chunks up to the index that `Last-Event-ID` names.

Fails: every_stream_ends_with_done
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


async def events(text, chunks, after):
    count = 0
    try:
        while text is not END:
            if count > after:
                yield b"id: %d\n" % count + as_event({"index": count, "text": text})
            count += 1
            text = await pull(chunks)
        yield as_event({"chunks": count}, "done")
    finally:
        await chunks.aclose()


async def stream(prompt, after):
    chunks = upstream(prompt)
    try:
        first = await pull(chunks)
    except UpstreamError as error:
        return failed(error)
    return StreamingResponse(
        events(first, chunks, after), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


async def generate(request: Request):
    wanted = request.query_params.get("stream")
    if wanted not in MODES:
        return as_json({"detail": "stream must be true or false"}, 422)
    prompt = request.query_params.get("prompt", "")
    if MODES[wanted]:
        last = request.headers.get("last-event-id", "")
        return await stream(prompt, int(last) if last.isascii() and last.isdigit() else -1)
    return await batch(prompt)


app = Starlette(routes=[Route("/generate", generate, methods=["GET"])])
