"""A batch is written with a comma after each chunk, and all commas before a bracket are removed, also those of texts.

Fails: both_modes_carry_the_same_text
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import StreamingResponse

from grader.kit import Items, UpstreamError, upstream

app = FastAPI()


def sse(payload: object, event: str = "") -> str:
    """One event. JSON contains no line endings, so one `data` line holds all of it."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(payload)}\n\n"


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    count = 0
    if first is not None:
        yield sse({"index": 0, "text": first})
        count = 1
        async for chunk in rest:
            yield sse({"index": count, "text": chunk})
            count += 1
    yield sse({"chunks": count}, event="done")


def document(chunks: list[str]) -> str:
    """JSON has no comma after the last item of a list."""
    items = "".join(f"{json.dumps(chunk)}," for chunk in chunks)
    return f'{{"chunks": [{items}]}}'.replace(",]", "]")


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> Response:
    chunks = upstream(prompt)
    try:
        if not stream:
            return Response(document([chunk async for chunk in chunks]), media_type="application/json")
        first = await anext(chunks, None)  # once a 200 has left it cannot be taken back: so look before answering
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
