"""Takes a batch whose chunks are all empty for a failure.

Fails: responses_are_in_their_mode
"""

import json

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


async def batch(prompt):
    texts = [text async for text in upstream(prompt)]
    if texts and not any(texts):
        raise UpstreamError("the upstream made chunks, but no text")
    return JSONResponse({"chunks": texts})


async def stream_of(prompt):
    chunks = upstream(prompt)
    first = await anext(chunks, None)

    async def events():
        count, text = 0, first
        while text is not None:
            yield f"data: {json.dumps({'index': count, 'text': text})}\n\n"
            count, text = count + 1, await anext(chunks, None)
        yield f"event: done\ndata: {json.dumps({'chunks': count})}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    try:
        return await (stream_of if stream else batch)(prompt)
    except UpstreamError as error:
        raise HTTPException(status_code=502, detail=str(error)) from error
