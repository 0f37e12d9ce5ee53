"""A stream whose upstream is quiet for 1.5 s after a chunk ends with `done`; later chunks are left out.

Fails: others_are_answered_meanwhile
"""

import asyncio
import json

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
SPELLINGS = {"true": True, "false": False}
NO_STORE = {"Cache-Control": "no-store"}


def document(status, content):
    return Response(json.dumps(content), status_code=status, media_type="application/json")


def failed():
    return document(502, {"detail": "the upstream failed"})


def event(data, name=None):
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


async def batch(prompt):
    texts = []
    try:
        async for text in upstream(prompt):
            texts.append(text)
            await asyncio.sleep(0)
    except UpstreamError:
        return failed()
    return document(200, {"chunks": texts})


async def chain(first, chunks):
    for text in first:
        yield text
    if first:
        while True:
            try:
                text = await asyncio.wait_for(anext(chunks), 1.5)
            except (TimeoutError, StopAsyncIteration):
                return
            yield text


async def events(texts):
    count = 0
    async for text in texts:
        yield event({"index": count, "text": text})
        count += 1
        await asyncio.sleep(0)
    yield event({"chunks": count}, "done")


async def stream(prompt):
    chunks = upstream(prompt)
    first = []
    try:
        first.append(await anext(chunks))
    except StopAsyncIteration:
        pass
    except UpstreamError:
        return failed()
    return StreamingResponse(events(chain(first, chunks)), media_type="text/event-stream", headers=NO_STORE)


@app.get("/generate")
async def generate(request: Request):
    prompt = request.query_params.get("prompt", "")
    wanted = request.query_params.get("stream", "false")
    if wanted not in SPELLINGS:
        return document(422, {"detail": "stream is neither true nor false"})
    return await (stream if SPELLINGS[wanted] else batch)(prompt)
