"""Style: FastAPI behind CORS, GZip (which leaves event streams alone), a pure ASGI request id, and a BaseHTTPMiddleware
access log; `stream` is parsed in a dependency.

Liberty: an empty value, `stream=`, means a stream.
    "You decide ... what an empty value means."
"""

import json
import logging
import time
import uuid
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from grader.kit import UpstreamError, upstream

log = logging.getLogger("app.access")


class RequestId:
    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request_id = uuid.uuid4().hex

        async def send_with_id(message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode())]}
            await send(message)

        await self.app(scope, receive, send_with_id)


class AccessLog(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next):
        began = time.perf_counter()
        response = await call_next(request)
        log.info(
            "%s %s -> %d, %.3f s", request.method, request.url.path, response.status_code, time.perf_counter() - began
        )
        response.headers["Server-Timing"] = f"head;dur={(time.perf_counter() - began) * 1000:.1f}"
        return response


app = FastAPI()
app.add_middleware(AccessLog)
app.add_middleware(GZipMiddleware, minimum_size=500)
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET"])
app.add_middleware(RequestId)


def wants_stream(request: Request) -> bool:
    value = request.query_params.get("stream", "false")
    try:
        return {"true": True, "": True, "false": False}[value]
    except KeyError:
        raise HTTPException(422, detail=f"stream: neither true nor false: {value!r}") from None


@app.get("/generate")
async def generate(prompt: str, stream: Annotated[bool, Depends(wants_stream)]):
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error

    async def body():
        text, index = first, 0
        while text is not None:
            yield "data: " + json.dumps({"index": index, "text": text}) + "\n\n"
            index += 1
            text = await anext(chunks, None)
        yield "event: done\ndata: " + json.dumps({"chunks": index}) + "\n\n"

    return StreamingResponse(body(), headers={"Cache-Control": "no-store"}, media_type="text/event-stream")
