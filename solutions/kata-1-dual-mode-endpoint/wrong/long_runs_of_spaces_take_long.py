"""A regular expression for trailing spaces takes quadratic time for those that do not trail.

Fails: loop_is_never_blocked
May fail: both_modes_carry_the_same_text
"""

import json
import logging
import re

from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

log = logging.getLogger("generate")
TRAILING = re.compile(r"\s+$")


def logged(index: int, text: str) -> str:
    log.info("chunk %d: %.40s", index, TRAILING.sub("", text))
    return text


def reply(value, status=200):
    return Response(json.dumps(value), status, media_type="application/json")


async def events(first, chunks):
    index, text = 0, first
    while text is not None:
        yield f"data: {json.dumps({'index': index, 'text': logged(index, text)})}\n\n"
        index += 1
        text = await anext(chunks, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


async def generate(request):
    mode = request.query_params.get("stream", "false").lower()
    if mode not in {"true", "false"}:
        return reply({"detail": "stream is neither true nor false"}, 422)
    chunks = upstream(request.query_params["prompt"])
    try:
        if mode == "false":
            texts = []
            async for text in chunks:
                texts.append(logged(len(texts), text))
            return reply({"chunks": texts})
        first = await anext(chunks, None)
    except UpstreamError as error:
        return reply({"detail": str(error)}, 502)
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


app = Starlette(routes=[Route("/generate", generate, methods=["GET"])])
