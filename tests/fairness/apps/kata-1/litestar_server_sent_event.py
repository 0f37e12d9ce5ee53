"""Kata 1 in Litestar: a route handler function, and Litestar's own ServerSentEvent."""

import json
from collections.abc import AsyncGenerator

from litestar import Litestar, Request, Response, get
from litestar.background_tasks import BackgroundTask
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.status_codes import HTTP_422_UNPROCESSABLE_ENTITY, HTTP_502_BAD_GATEWAY

from grader.kit import Items, UpstreamError, upstream


async def events(first: str | None, chunks: Items) -> AsyncGenerator[ServerSentEventMessage, None]:
    index = 0
    chunk = first
    while chunk is not None:  # an empty chunk counts like any other
        yield ServerSentEventMessage(data=json.dumps({"index": index, "text": chunk}))
        index += 1
        chunk = await anext(chunks, None)
    yield ServerSentEventMessage(event="done", data=json.dumps({"chunks": index}))


@get("/generate")
async def generate(prompt: str, stream: bool = False) -> Response:
    chunks = upstream(prompt)
    try:
        if not stream:
            return Response({"chunks": [chunk async for chunk in chunks]})
        first = await anext(chunks, None)  # the status depends on it
    except UpstreamError as error:
        raise HTTPException(status_code=HTTP_502_BAD_GATEWAY, detail=str(error)) from error
    # A background task also runs when the client has left; Litestar itself does not close the generator.
    return ServerSentEvent(events(first, chunks), background=BackgroundTask(chunks.aclose))


def refuse(request: Request, error: ValidationException) -> Response:
    """Litestar's own status for a parameter that is not valid is 400."""
    return Response(
        {"detail": error.detail, "extra": error.extra},
        status_code=HTTP_422_UNPROCESSABLE_ENTITY,
        media_type="application/json",
    )


app = Litestar([generate], exception_handlers={ValidationException: refuse}, openapi_config=None)
