"""A superscript digit counts as a digit, and then `int()` cannot read it: 500 instead of 422.

Fails: bad_value_is_refused
"""

import json

from fastapi import FastAPI, HTTPException
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


def wants_stream(value: str) -> bool:
    word = value.strip().lower()
    if word in ("true", "false"):
        return word == "true"
    if word.isdigit() and int(word) in (0, 1):
        return int(word) == 1
    raise HTTPException(status_code=422, detail="stream must be true or false")


@app.get("/generate")
async def generate(prompt: str, stream: str = "false"):
    streaming = wants_stream(stream)
    chunks = upstream(prompt)
    first = await first_of(chunks)
    if streaming:
        return StreamingResponse(
            events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    return JSONResponse({"chunks": await collect(first, chunks)})
