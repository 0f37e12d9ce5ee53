"""Names the prompt in a header field of its 502, where not every character can stand.

Fails: batch_upstream_failure_is_502, stream_upstream_failure_is_502
"""

import json

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    chunks = upstream(prompt)
    try:
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(status_code=502, detail=str(error), headers={"X-Failed-Prompt": prompt}) from error
    if stream:
        return StreamingResponse(
            events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    texts = [] if first is None else [first]
    async for text in chunks:
        texts.append(text)
    return JSONResponse({"chunks": texts})


async def events(text, chunks):
    index = 0
    while text is not None:
        yield f"data: {json.dumps({'index': index, 'text': text})}\n\n"
        index += 1
        text = await anext(chunks, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"
