"""Style: FastAPI with sse-starlette's EventSourceResponse (CRLF, its pings are comments), events as ServerSentEvent.

Liberty: each event carries an `id` and a `retry: 0`, and the id is not the index.
    "You choose ... further fields of an event" and "a `retry` has digits alone".
"""

import json
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from sse_starlette.sse import EventSourceResponse, ServerSentEvent

from grader.kit import UpstreamError, upstream

app = FastAPI(title="dual mode")


def event(number: int, payload: dict, name: str | None = None) -> ServerSentEvent:
    return ServerSentEvent(
        json.dumps(payload, ensure_ascii=False), event=name, id=f"chunk/{number * 7:x}", retry=0, sep="\r\n"
    )


@app.get("/generate")
async def generate(prompt: Annotated[str, Query()], stream: Annotated[bool, Query()] = False):
    source = upstream(prompt)
    try:
        first = await anext(source, None)
        if not stream:
            chunks = [] if first is None else [first]
            async for chunk in source:
                chunks.append(chunk)
            return {"chunks": chunks}
    except UpstreamError as error:
        raise HTTPException(502, detail=f"upstream: {error}") from error

    async def events():
        number = 0
        if first is not None:
            yield event(0, {"index": 0, "text": first})
            number = 1
            async for chunk in source:
                yield event(number, {"index": number, "text": chunk})
                number += 1
        yield event(number, {"chunks": number}, "done")

    return EventSourceResponse(events(), headers={"Cache-Control": "no-cache"})
