"""Two streams of one prompt at the same time count their chunks together.

Fails: same_prompt_again
"""

import json
from collections import Counter

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
END = object()
sent = Counter()  # prompt: events of the stream so far


async def events(prompt, first, chunks):
    index = 0
    chunk = first
    try:
        while chunk is not END:
            sent[prompt] += 1
            yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
            index += 1
            chunk = await anext(chunks, END)
        yield f"event: done\ndata: {json.dumps({'chunks': sent[prompt]})}\n\n"
    finally:
        sent.pop(prompt, None)


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in chunks]}
        first = await anext(chunks, END)
    except UpstreamError:
        raise HTTPException(status_code=502, detail="upstream failed")
    return StreamingResponse(
        events(prompt, first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
