"""A cookie keeps the mode of the last request, for requests without `stream`.

Fails: same_prompt_again
"""

import json
from typing import Annotated

from fastapi import Cookie, FastAPI, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


def event(data: dict, kind: str | None = None) -> str:
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(data)}\n\n"


async def first_of(chunks) -> str | None:
    try:
        return await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(status_code=502, detail=str(error)) from error


async def events(first: str | None, chunks):
    count, text = 0, first
    try:
        while text is not None:
            yield event({"index": count, "text": text})
            count += 1
            text = await anext(chunks, None)
        yield event({"chunks": count}, "done")
    finally:
        await chunks.aclose()


async def collect(first: str | None, chunks) -> list[str]:
    texts, text = [], first
    while text is not None:
        texts.append(text)
        text = await anext(chunks, None)
    return texts


@app.get("/generate")
async def generate(prompt: str, stream: bool | None = None, mode: Annotated[str | None, Cookie()] = None):
    streaming = stream if stream is not None else mode == "stream"
    chunks = upstream(prompt)
    first = await first_of(chunks)
    if streaming:
        response = StreamingResponse(
            events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    else:
        response = JSONResponse({"chunks": await collect(first, chunks)})
    if stream is not None:
        response.set_cookie("mode", "stream" if stream else "batch", httponly=True, samesite="lax")
    return response
