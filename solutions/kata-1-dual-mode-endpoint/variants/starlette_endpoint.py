"""Starlette without FastAPI: a class as endpoint, and the query read by hand."""

import json
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import Items, UpstreamError, upstream

MODES = {"true": True, "false": False}


class Generate(HTTPEndpoint):
    """One endpoint, two modes."""

    async def get(self, request: Request) -> Response:
        prompt = request.query_params.get("prompt")
        streaming = MODES.get(request.query_params.get("stream", "false"))
        if prompt is None or streaming is None:
            return JSONResponse({"detail": "prompt is needed, and stream is true or false"}, status_code=422)
        chunks = upstream(prompt)
        try:
            return await (self.stream(chunks) if streaming else self.batch(chunks))
        except UpstreamError as error:
            return JSONResponse({"detail": str(error)}, status_code=502)

    async def batch(self, chunks: Items) -> Response:
        return JSONResponse({"chunks": [chunk async for chunk in chunks]})

    async def stream(self, chunks: Items) -> Response:
        events = self.events(await anext(chunks, None), chunks)
        return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})

    async def events(self, first: str | None, rest: Items) -> AsyncIterator[str]:
        index, chunk = 0, first
        while chunk is not None:
            yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
            index, chunk = index + 1, await anext(rest, None)
        yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


app = Starlette(routes=[Route("/generate", Generate)])
