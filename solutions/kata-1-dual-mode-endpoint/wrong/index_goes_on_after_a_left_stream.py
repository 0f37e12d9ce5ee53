"""A stream of a prompt counts on from where an earlier one of it was left.

Fails: chunks_are_numbered
"""

import json

from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
resume_at: dict[str, int] = {}


async def events(prompt: str, first: str | None, chunks):
    begin = index = resume_at.pop(prompt, 0)
    complete = False
    try:
        if first is not None:
            yield f"data: {json.dumps({'index': index, 'text': first})}\n\n"
            index += 1
            async for chunk in chunks:
                yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
                index += 1
        complete = True
        yield f"event: done\ndata: {json.dumps({'chunks': index - begin})}\n\n"
    finally:
        if not complete:
            resume_at[prompt] = index


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    chunks = upstream(prompt)
    try:
        if not stream:
            texts = [chunk async for chunk in chunks]
            return Response(json.dumps({"chunks": texts}), media_type="application/json")
        first = await anext(chunks, None)
    except UpstreamError as error:
        return Response(json.dumps({"detail": str(error)}), 502, media_type="application/json")
    return StreamingResponse(
        events(prompt, first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )
