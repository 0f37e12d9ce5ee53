"""Models for everything that is sent, so that the documentation shows it; the mode is a Literal, and a dependency."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from grader.kit import Items, UpstreamError, upstream


class Batch(BaseModel):
    chunks: list[str]


class Chunk(BaseModel):
    index: int
    text: str


class Done(BaseModel):
    chunks: int


async def events(first: str | None, rest: Items) -> AsyncIterator[str]:
    index, chunk = 0, first
    while chunk is not None:
        yield f"data: {Chunk(index=index, text=chunk).model_dump_json()}\n\n"
        index, chunk = index + 1, await anext(rest, None)
    yield f"event: done\ndata: {Done(chunks=index).model_dump_json()}\n\n"


def wants_stream(stream: Literal["true", "false"] = "false") -> bool:
    return stream == "true"


app = FastAPI()


@app.get("/generate", response_model=Batch, responses={200: {"content": {"text/event-stream": {}}}})
async def generate(prompt: str, streaming: Annotated[bool, Depends(wants_stream)]) -> Batch | StreamingResponse:
    chunks = upstream(prompt)
    try:
        if not streaming:
            return Batch(chunks=[chunk async for chunk in chunks])
        first = await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return StreamingResponse(
        events(first, chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )
