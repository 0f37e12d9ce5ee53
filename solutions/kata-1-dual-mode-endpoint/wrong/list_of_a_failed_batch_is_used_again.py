"""A batch begins with the chunks that one before had collected when its upstream failed.

Fails: responses_are_in_their_mode
"""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

pool: list[list[str]] = []


async def batch(prompt: str) -> str:
    buffer = pool.pop() if pool else []
    try:
        async for chunk in upstream(prompt):
            buffer.append(chunk)
        body = json.dumps({"chunks": buffer})
        buffer.clear()
        return body
    finally:
        pool.append(buffer)


async def events(first, chunks):
    count = 0
    if first is not None:
        yield f"data: {json.dumps({'index': 0, 'text': first})}\n\n"
        count = 1
        async for chunk in chunks:
            yield f"data: {json.dumps({'index': count, 'text': chunk})}\n\n"
            count += 1
    yield f"event: done\ndata: {json.dumps({'chunks': count})}\n\n"


def as_json(body: str, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


async def generate(request: Request) -> Response:
    prompt = request.query_params.get("prompt", "")
    try:
        match request.query_params.get("stream", "false").lower():
            case "false" | "no" | "0":
                return as_json(await batch(prompt))
            case "true" | "yes" | "1":
                chunks = upstream(prompt)
                first = await anext(chunks, None)
            case _:
                return as_json('{"detail": "`stream` is true or false"}', 422)
    except UpstreamError as error:
        return as_json(json.dumps({"detail": str(error)}), 502)
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


app = Starlette(routes=[Route("/generate", generate)])
