"""The 422 repeats the value as it came, so quotes in it break the JSON.

Fails: bad_value_is_refused
"""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

MODES = {"": False, "false": False, "0": False, "true": True, "1": True}


def event(data, kind=None):
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def document(text, status=200):
    return Response(text, status_code=status, media_type="application/json")


async def generate(request: Request) -> Response:
    wanted = request.query_params.get("stream", "false")
    streaming = MODES.get(wanted.lower())
    if streaming is None:
        return document(f'{{"detail": "stream must be true or false, not {wanted}"}}', 422)

    source = upstream(request.query_params.get("prompt", ""))
    head = []
    try:
        async for chunk in source:
            head.append(chunk)
            if streaming:
                break
    except UpstreamError as error:
        return document(json.dumps({"detail": str(error)}), 502)
    if not streaming:
        return document(json.dumps({"chunks": head}))

    async def body():
        index = 0
        for chunk in head:
            yield event({"index": index, "text": chunk})
            index += 1
        if head:
            async for chunk in source:
                yield event({"index": index, "text": chunk})
                index += 1
        yield event({"chunks": index}, "done")

    return StreamingResponse(body(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


app = Starlette(routes=[Route("/generate", generate)])
