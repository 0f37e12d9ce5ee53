"""A request that repeats an `Idempotency-Key` gets the response of the first one.

Fails: same_prompt_again
"""

import json
from collections import OrderedDict
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
finished: OrderedDict[tuple[str, str], list[str]] = OrderedDict()


def event(data: dict, kind: str | None = None) -> str:
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(data)}\n\n"


async def first_of(chunks) -> str | None:
    try:
        return await anext(chunks, None)
    except UpstreamError as error:
        raise HTTPException(status_code=502, detail=str(error)) from error


def remember(key: str | None, prompt: str, texts: list[str]) -> None:
    if key is not None:
        finished[key, prompt] = texts
        if len(finished) > 1000:
            finished.popitem(last=False)


async def pulled(first: str | None, chunks, key: str | None, prompt: str):
    texts, text = [], first
    try:
        while text is not None:
            yield text
            texts.append(text)
            text = await anext(chunks, None)
        remember(key, prompt, texts)
    finally:
        await chunks.aclose()


async def replayed(texts: list[str]):
    for text in texts:
        yield text


async def events(texts):
    count = 0
    async for text in texts:
        yield event({"index": count, "text": text})
        count += 1
    yield event({"chunks": count}, "done")


@app.get("/generate")
async def generate(prompt: str, stream: bool = False, idempotency_key: Annotated[str | None, Header()] = None):
    if idempotency_key is not None and (idempotency_key, prompt) in finished:
        texts = replayed(finished[idempotency_key, prompt])
    else:
        chunks = upstream(prompt)
        texts = pulled(await first_of(chunks), chunks, idempotency_key, prompt)
    if stream:
        return StreamingResponse(events(texts), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
    return JSONResponse({"chunks": [text async for text in texts]})
