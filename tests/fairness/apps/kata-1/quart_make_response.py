"""Kata 1 with Quart: one endpoint, two modes. Async view function, make_response(generator), errorhandler."""

import json
from collections.abc import AsyncIterator

from quart import Quart, Response, make_response, request

from grader.kit import UpstreamError, upstream

app = Quart(__name__)
app.config["RESPONSE_TIMEOUT"] = None  # Quart cuts a response off after 60 s of sending, also a batch for a slow reader

MODES = {"true": True, "false": False}


@app.errorhandler(UpstreamError)
async def upstream_failed(error: UpstreamError):
    return {"detail": str(error)}, 502


@app.get("/generate")
async def generate():
    stream = MODES.get(request.args.get("stream", "false"))
    if stream is None:
        return {"detail": "stream must be true or false"}, 422
    prompt = request.args.get("prompt")
    if prompt is None:
        return {"detail": "prompt is missing"}, 422

    chunks = upstream(prompt)
    if not stream:
        return {"chunks": [chunk async for chunk in chunks]}

    first = await anext(chunks, None)  # an UpstreamError here is still a 502: nothing has been sent
    response: Response = await make_response(
        events(first, chunks),
        {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )
    response.timeout = None  # the same for this response alone, whatever the configuration says
    return response


async def events(first: str | None, chunks) -> AsyncIterator[str]:
    count = 0
    async with chunks:
        chunk = first
        while chunk is not None:  # "" is a chunk like any other
            yield f"data: {json.dumps({'index': count, 'text': chunk})}\n\n"
            count += 1
            chunk = await anext(chunks, None)
    yield f"event: done\ndata: {json.dumps({'chunks': count})}\n\n"
