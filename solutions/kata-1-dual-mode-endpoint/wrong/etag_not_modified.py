"""A batch that the client has already gets 304, by `If-None-Match`.

Fails: same_prompt_again
"""

import hashlib
import json
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Response
from fastapi.responses import StreamingResponse

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
async def generate(prompt: str, stream: bool = False, if_none_match: Annotated[str | None, Header()] = None):
    chunks = upstream(prompt)
    first = await first_of(chunks)
    if stream:
        return StreamingResponse(
            events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    content = json.dumps({"chunks": await collect(first, chunks)}).encode()
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if etag in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
