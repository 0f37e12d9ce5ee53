"""The upstream in use is kept on the app, and the next request replaces it.

Fails: prompt_is_passed_on
May fail: same_prompt_again, streams_do_not_mix, others_are_answered_meanwhile, many_streams_at_once
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


async def events(first: str | None) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        index, chunk = index + 1, await anext(app.state.chunks, None)
    yield f"event: done\ndata: {json.dumps({'chunks': index})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    app.state.chunks = upstream(prompt)
    try:
        if not stream:
            return {"chunks": [chunk async for chunk in app.state.chunks]}
        first = await anext(app.state.chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(events(first), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
