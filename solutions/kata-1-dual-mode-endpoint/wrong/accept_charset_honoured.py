"""A batch is sent in the charset that `Accept-Charset` asks for, with `?` for what that one lacks.

Fails: responses_are_in_their_mode
"""

import codecs
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


def charset_for(accepted: str | None) -> str:
    for item in (accepted or "").split(","):
        name = item.partition(";")[0].strip()
        try:
            codecs.lookup(name)
            "".encode(name)
        except (LookupError, ValueError):
            continue
        return name
    return "utf-8"


@app.get("/generate")
async def generate(prompt: str, stream: bool = False, accept_charset: Annotated[str | None, Header()] = None):
    chunks = upstream(prompt)
    first = await first_of(chunks)
    if stream:
        return StreamingResponse(
            events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    charset = charset_for(accept_charset)
    document = json.dumps({"chunks": await collect(first, chunks)}, ensure_ascii=False)
    content_type = "application/json" if charset == "utf-8" else f"application/json; charset={charset}"
    return Response(document.encode(charset, errors="replace"), headers={"Content-Type": content_type})
