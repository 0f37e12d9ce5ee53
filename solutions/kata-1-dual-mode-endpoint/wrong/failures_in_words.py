"""A first chunk that begins like the message of a failure is taken for one.

Fails: responses_are_in_their_mode
"""

import json

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream


def json_response(content, status=200):
    return Response(json.dumps(content, ensure_ascii=True), status_code=status, media_type="application/json")


async def on_http_error(request, error):
    return json_response({"detail": error.detail}, error.status_code)


def reports_error(text: str) -> bool:
    """Many model servers respond with 200 and put the error into the text."""
    head = text.lstrip()[:8].lower()
    return head.startswith(("error:", '{"error"'))


async def begin(prompt):
    chunks = upstream(prompt)
    try:
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, str(error)) from error
    if first is not None and reports_error(first):
        await chunks.aclose()
        raise HTTPException(502, first)
    return first, chunks


async def all_chunks(first, chunks):
    if first is not None:
        yield first
        async for chunk in chunks:
            yield chunk


async def events(source):
    n = 0
    async for text in source:
        yield "data: {}\n\n".format(json.dumps({"index": n, "text": text}))
        n += 1
    yield "event: done\ndata: {}\n\n".format(json.dumps({"chunks": n}))


async def generate(request):
    stream = request.query_params.get("stream", "false")
    if stream not in ("true", "false"):
        raise HTTPException(422, "stream must be true or false")
    source = all_chunks(*await begin(request.query_params["prompt"]))
    if stream == "true":
        return StreamingResponse(events(source), media_type="text/event-stream", headers={"cache-control": "no-store"})
    try:
        return json_response({"chunks": [text async for text in source]})
    except UpstreamError as error:
        raise HTTPException(502, str(error)) from error


app = Starlette(routes=[Route("/generate", generate)], exception_handlers={HTTPException: on_http_error})
