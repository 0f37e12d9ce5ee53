"""Escapes such as `\\u00e9` are undone in the finished JSON, also where they are text of a chunk.

Fails: both_modes_carry_the_same_text
"""

import json
import re

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
#: Neighbours together, for the sake of surrogate pairs. Control characters stay escaped.
ESCAPES = re.compile(r"(?:\\u(?!00[0-7])[0-9a-f]{4})+")


def readable_json(data: dict) -> str:
    return ESCAPES.sub(lambda match: json.loads(f'"{match[0]}"'), json.dumps(data))


def event(data: dict, kind: str | None = None) -> str:
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {readable_json(data)}\n\n"


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
async def generate(prompt: str, stream: bool = False):
    chunks = upstream(prompt)
    first = await first_of(chunks)
    if stream:
        return StreamingResponse(
            events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    return Response(readable_json({"chunks": await collect(first, chunks)}), media_type="application/json")
