"""Synchronous throughout: FastAPI runs a `def` endpoint in a thread, and Starlette each step of its generator too."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, blocking_upstream

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


def error_object(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "error"}}


@app.exception_handler(RequestValidationError)
def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    del request
    return JSONResponse(error_object(str(error)), status_code=422)


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}


def payloads(body: ChatRequest) -> Iterator[dict[str, Any]]:
    """The data of the events, up to the sentinel."""
    head = {"id": uuid4().hex, "object": "chat.completion.chunk", "created": int(time.time()), "model": body.model}
    count = 0
    with blocking_upstream(body.messages[-1].content) as tokens:
        yield {**head, "choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]}
        for token in tokens:
            count += 1
            yield {**head, "choices": [{"index": 0, "delta": {"content": token}, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}]}
    if body.stream_options and body.stream_options.include_usage:
        yield {**head, "choices": [], "usage": usage(count)}


def events(body: ChatRequest) -> Iterator[str]:
    try:
        for payload in payloads(body):
            yield f"data: {json.dumps(payload)}\n\n"
    except UpstreamError as error:
        yield f"data: {json.dumps(error_object(str(error)))}\n\n"
    else:
        yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions", response_model=None)
def chat_completions(body: ChatRequest) -> StreamingResponse | JSONResponse:
    if body.stream:
        return StreamingResponse(events(body), media_type="text/event-stream")
    try:
        tokens = list(blocking_upstream(body.messages[-1].content))
    except UpstreamError as error:
        return JSONResponse(error_object(str(error)), status_code=502)
    message = {"role": "assistant", "content": "".join(tokens)}
    return JSONResponse(
        {
            "id": uuid4().hex,
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": usage(len(tokens)),
        }
    )
