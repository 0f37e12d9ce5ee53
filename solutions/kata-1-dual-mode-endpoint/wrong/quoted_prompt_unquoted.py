"""Quotation marks around the whole prompt are removed.

Fails: prompt_is_passed_on
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
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


def unquoted(prompt: str) -> str:
    """Without the quotation marks that come along when a prompt is copied from a shell."""
    is_quoted = len(prompt) > 2 and prompt[0] == prompt[-1] and prompt[0] in "\"'"
    return prompt[1:-1] if is_quoted else prompt


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = upstream(unquoted(prompt))
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, None)  # once a 200 has left it cannot be taken back: so look before answering
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
