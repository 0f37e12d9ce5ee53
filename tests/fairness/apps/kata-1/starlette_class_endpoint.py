"""Style: Starlette without FastAPI; an HTTPEndpoint in front of a service class that gets its source injected; strict
parsing of `stream` by hand.

Liberty: the body of a 422 is a bare JSON string, no object.
    "A value of `stream` that is neither true nor false is refused with `422`, as `application/json`."
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

_NOTHING: Any = object()


class GenerationService:
    def __init__(self, source: Callable[[str], AsyncIterator[str]]) -> None:
        self._source = source

    async def collect(self, prompt: str) -> list[str]:
        return [chunk async for chunk in self._source(prompt)]

    async def start(self, prompt: str) -> AsyncIterator[bytes]:
        """Pull the first chunk, then hand out the frames."""
        chunks = self._source(prompt)
        first = await anext(chunks, _NOTHING)
        return self._frames(first, chunks)

    async def _frames(self, chunk: Any, chunks: AsyncIterator[str]) -> AsyncIterator[bytes]:
        index = 0
        while chunk is not _NOTHING:
            yield self._frame({"index": index, "text": chunk})
            index += 1
            chunk = await anext(chunks, _NOTHING)
        yield self._frame({"chunks": index}, event="done")

    @staticmethod
    def _frame(payload: dict[str, Any], event: str | None = None) -> bytes:
        head = f"event: {event}\n" if event else ""
        return f"{head}data: {json.dumps(payload)}\n\n".encode()


class Generate(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        service: GenerationService = request.app.state.service
        flag = request.query_params.get("stream", "false")
        if flag not in ("true", "false"):
            return JSONResponse("stream must be true or false", status_code=422)
        prompt = request.query_params.get("prompt")
        if prompt is None:
            return JSONResponse("prompt is missing", status_code=422)
        try:
            if flag == "false":
                return JSONResponse({"chunks": await service.collect(prompt)})
            frames = await service.start(prompt)
        except UpstreamError as error:
            return JSONResponse({"detail": str(error)}, status_code=502)
        return StreamingResponse(frames, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


app = Starlette(routes=[Route("/generate", Generate)])
app.state.service = GenerationService(upstream)
