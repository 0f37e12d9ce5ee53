"""A middleware function adds the headers and passes the body on as it comes; the failure has its own handler."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


@app.middleware("http")
async def never_cached(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@app.exception_handler(UpstreamError)
async def bad_gateway(request: Request, error: Exception) -> JSONResponse:
    del request
    return JSONResponse({"detail": str(error), "code": "upstream"}, status_code=502)


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await anext(rest, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(prompt)
    if not stream:
        return {"chunks": [chunk async for chunk in chunks]}
    first = await anext(chunks, None)  # a failure here ends up in bad_gateway(), as nothing has been sent yet
    return StreamingResponse(events(first, chunks), media_type="text/event-stream")
