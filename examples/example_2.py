"""Example 2: one API that responds with a batch or a stream. `modes.py` decides which, and says why.

    make example-2

Or serve the app alone, and send requests in different ways:

    .venv/bin/uvicorn --app-dir examples example_2:app
    curl -iN -H 'Accept: text/event-stream' http://127.0.0.1:8000/poems/rain
    curl -iN 'http://127.0.0.1:8000/poems/rain?mode=batch'
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import httpx
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, StrictBool

from asks import ASKS
from modes import MEDIA_TYPES, VARY, Mode, NotAcceptable, decide
from sse import EventStream, json_event, read_events
from stage import Stage, run

log = logging.getLogger("server")
app = FastAPI(title="Poems")

POEMS = {"rain": ["It rains on the roof,", "it rains on the sea,", "it does not rain on me."]}


async def read_aloud(poem: str) -> AsyncGenerator[str]:
    """Yield the lines of a poem. Both modes take their content from here, so it is the same."""
    for line in POEMS[poem]:
        yield line


async def as_batch(lines: AsyncGenerator[str], headers: dict[str, str]) -> Response:
    """Collect all lines, then respond."""
    return JSONResponse({"lines": [line async for line in lines]}, headers=headers)


async def as_stream(lines: AsyncGenerator[str], headers: dict[str, str]) -> Response:
    """Respond at once, then send each line when it is there."""

    async def events() -> AsyncGenerator[str]:
        async with aclosing(lines):
            async for line in lines:
                yield json_event({"line": line})
        yield json_event({}, name="done")

    return EventStream(events(), headers)


Renderer = Callable[[AsyncGenerator[str], dict[str, str]], Awaitable[Response]]
RENDERERS: dict[Mode, Renderer] = {Mode.BATCH: as_batch, Mode.STREAM: as_stream}


class Order(BaseModel):
    """The body of a POST. A flag that is absent leaves the mode open, which differs from false."""

    poem: str
    stream: StrictBool | None = None


@app.get("/poems/{poem}")
async def get_poem(poem: str, request: Request, mode: Mode | None = None) -> Response:
    """Respond to a GET, which has no body and so no flag."""
    return await answer(poem, request, mode, None)


@app.post("/poems")
async def post_poem(order: Order, request: Request, mode: Mode | None = None) -> Response:
    """Respond to a POST."""
    return await answer(order.poem, request, mode, order.stream)


async def answer(poem: str, request: Request, query: Mode | None, flag: bool | None) -> Response:
    """Check the request first: once a stream has begun, its status cannot be changed."""
    if poem not in POEMS:
        raise refusal(404, "there is no such poem")
    accept = ", ".join(request.headers.getlist("accept"))  # it may come as several header lines
    try:
        mode, why = decide(query, flag, accept, request.headers.get("x-api-key"))
    except NotAcceptable:
        raise refusal(406, f"there is only {' and '.join(MEDIA_TYPES)}") from None
    log.info("%s (%s)", mode, why)
    return await RENDERERS[mode](read_aloud(poem), VARY | {"Mode-Decided-By": why})


def refusal(status: int, detail: str) -> HTTPException:
    """Make an error response: JSON in both modes, with the same Vary field as the others."""
    log.info("%s", status)
    return HTTPException(status, detail, VARY)


# --- The show: a client of this app ------------------------------------------------------------------------


def show(stage: Stage) -> None:
    """Send all requests, then list the responses."""
    stage.scene(f"{len(ASKS)} requests to one API (ann-1 is registered as able to read SSE)")
    rows = [f"{'request':<46} | {'answer':<6} | decided by"]
    with stage.http() as http:
        del http.headers["Accept"]  # httpx would send */* by itself
        for ask in ASKS:
            stage.client(f"> {ask}")
            reply = ask.send(http)
            stage.client(f"< {reply.status_code} {describe(reply)}")
            answered = MEDIA_TYPES[media_type(reply)] if reply.is_success else f"{reply.status_code}"
            rows.append(f"{ask!s:<46} | {answered:<6} | {reply.headers.get('Mode-Decided-By', '-')}")
    stage.table(rows)
    stage.note(f"The first signal that is there decides: query, body flag, Accept, capability. Vary: {VARY['Vary']}.")


def media_type(reply: httpx.Response) -> str:
    """Return the media type without its parameters."""
    return str(reply.headers["Content-Type"]).partition(";")[0]


def describe(reply: httpx.Response) -> str:
    """Describe a response in a few words."""
    if media_type(reply) == "text/event-stream":
        return f"stream, {len(list(read_events([reply.content])))} events"
    body = reply.json()
    return f"batch, {len(body['lines'])} lines" if reply.is_success else str(body["detail"])


if __name__ == "__main__":
    run("Example 2: batch or stream, as the client asks", app, show)
