"""Style: FastAPI with a Literal parameter and problem-like error objects; HEAD and OPTIONS are supported; `finally`
closes the upstream.

Liberty: each response says `Connection: close`, so each client has to connect again; and the media type has parameters.
    "Every stream has a `Cache-Control` field of `no-cache` or `no-store`, and no `Content-Length`" (nothing is said of
    other fields); "the response is `200` and `text/event-stream`".
"""

import json
from http import HTTPStatus
from typing import Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
CLOSE = {"Connection": "close"}
STREAM = CLOSE | {"Cache-Control": "no-cache", "Content-Type": 'text/event-stream; charset="utf-8"', "Vary": "Origin"}


def failure(status: int, detail: str) -> JSONResponse:
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(content, status, CLOSE)


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError):
    return failure(422, "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()))


@app.exception_handler(UpstreamError)
async def failed(request: Request, error: UpstreamError):
    return failure(502, str(error))


async def sse(first, items):
    try:
        number = 0
        while first is not None:
            yield "data: %s\n\n" % json.dumps({"index": number, "text": first})
            number += 1
            first = await anext(items, None)
        yield "event: done\ndata: %s\n\n" % json.dumps({"chunks": number})
    finally:
        await items.aclose()


@app.get("/generate")
async def generate(prompt: str, stream: Literal["true", "false"] = "false"):
    items = upstream(prompt)
    try:
        first = await anext(items)
    except StopAsyncIteration:
        first = None
    if stream == "true":
        return StreamingResponse(sse(first, items), headers=STREAM)
    chunks = []
    while first is not None:
        chunks += [first]
        first = await anext(items, None)
    return JSONResponse({"chunks": chunks}, headers=CLOSE)


@app.options("/generate")
@app.head("/generate")
async def about():
    return Response(headers={"Allow": "GET, HEAD, OPTIONS"} | CLOSE)
