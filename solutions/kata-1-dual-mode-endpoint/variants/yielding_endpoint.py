"""FastAPI's own events: a yielding endpoint for streams, another for batches, and a route that looks at the query.

A yielding endpoint always responds with 200. A dependency, which runs before it, refuses bad requests.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.datastructures import QueryParams
from starlette.routing import Match
from starlette.types import Scope

from grader.kit import Items, UpstreamError, upstream


class StreamRoute(APIRoute):
    """Matches only requests for a stream."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        asked = QueryParams(scope.get("query_string", b"")).get("stream")
        return (match, child) if asked == "true" else (Match.NONE, {})


async def first_chunk(prompt: str) -> tuple[str | None, Items]:
    chunks = upstream(prompt)
    try:
        return await anext(chunks, None), chunks
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error


streams = APIRouter(route_class=StreamRoute)
batches = APIRouter()


@streams.get("/generate", response_class=EventSourceResponse)
async def generate_stream(
    opened: Annotated[tuple[str | None, Items], Depends(first_chunk)],
) -> AsyncIterator[ServerSentEvent]:
    chunk, rest = opened
    index = 0
    while chunk is not None:
        yield ServerSentEvent(data={"index": index, "text": chunk})
        index, chunk = index + 1, await anext(rest, None)
    yield ServerSentEvent(data={"chunks": index}, event="done")


@batches.get("/generate")
async def generate_batch(prompt: str, stream: Literal["false"] = "false") -> dict[str, list[str]]:
    del stream  # declared only so that other values are refused
    try:
        return {"chunks": [chunk async for chunk in upstream(prompt)]}
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error


app = FastAPI()
app.include_router(streams)
app.include_router(batches)
