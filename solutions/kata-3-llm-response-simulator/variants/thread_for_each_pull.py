"""An `async def` endpoint around a blocking library: each pull runs in a thread, so the event loop is not blocked.

The first token is pulled before the response begins, so that an early failure can still set the status.
"""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import BlockingItems, UpstreamError, blocking_upstream

app = FastAPI()


class Message(BaseModel):
    role: str
    content: str


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None


def failure(message: str, kind: str) -> dict[str, dict[str, str]]:
    return {"error": {"message": message, "type": kind}}


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    del request
    return JSONResponse(failure(str(error), "invalid_request_error"), status_code=422)


def head(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}


async def events(body: ChatRequest, token: str | None, rest: BlockingItems) -> AsyncIterator[str]:
    common, count = head("chat.completion.chunk", body.model), 0

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return f"data: {json.dumps({**common, 'choices': [choice], 'usage': None})}\n\n"

    try:
        while token is not None:
            yield chunk({"content": token} if count else {"role": "assistant", "content": token})
            count += 1
            token = await run_in_threadpool(next, rest, None)
    except UpstreamError as error:
        yield f"data: {json.dumps(failure(str(error), 'upstream_error'))}\n\n"
        return
    yield chunk({} if count else {"role": "assistant", "content": ""}, "stop")
    if body.stream_options and body.stream_options.include_usage:
        yield f"data: {json.dumps({**common, 'choices': [], 'usage': usage(count)})}\n\n"
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions", response_model=None)
async def chat_completions(body: ChatRequest) -> StreamingResponse | JSONResponse:
    pulls = blocking_upstream(body.messages[-1].content)
    try:
        if body.stream:
            first = await run_in_threadpool(next, pulls, None)
            return StreamingResponse(events(body, first, pulls), media_type="text/event-stream")
        tokens = await run_in_threadpool(list[str], pulls)
    except UpstreamError as error:
        return JSONResponse(failure(str(error), "upstream_error"), status_code=502)
    message = {"role": "assistant", "content": "".join(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse({**head("chat.completion", body.model), "choices": [choice], "usage": usage(len(tokens))})
