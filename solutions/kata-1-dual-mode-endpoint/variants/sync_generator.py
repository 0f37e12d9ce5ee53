"""Synchronous throughout: FastAPI runs a `def` endpoint in a thread, and Starlette each step of its generator too."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


def events(chunks: Iterable[str]) -> Iterator[str]:
    count = 0
    for index, chunk in enumerate(chunks):
        yield f"data: {json.dumps({'index': index, 'text': chunk})}\n\n"
        count = index + 1
    yield f"event: done\ndata: {json.dumps({'chunks': count})}\n\n"


@app.get("/generate", response_model=None)
def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    chunks = blocking_upstream(prompt)
    try:
        if not stream:
            return {"chunks": list(chunks)}
        first = next(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    everything = chunks if first is None else chain([first], chunks)
    return StreamingResponse(events(everything), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
