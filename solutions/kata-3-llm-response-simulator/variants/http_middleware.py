"""A middleware function adds the headers and passes the body on as it comes; failures have their own handler."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

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


@app.exception_handler(UpstreamError)
async def bad_gateway(request: Request, error: UpstreamError) -> JSONResponse:
    del request
    return JSONResponse(failure(str(error), "upstream_error"), status_code=502)


@app.middleware("http")
async def identified(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.headers["X-Request-Id"] = request.headers.get("X-Request-Id", uuid4().hex)
    return response


def head(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}


async def payloads(body: ChatRequest) -> AsyncIterator[dict[str, Any]]:
    """The data of the events, up to the sentinel."""
    common, count = head("chat.completion.chunk", body.model), 0

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        return {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}

    yield chunk({"role": "assistant", "content": ""})
    async for token in upstream(body.messages[-1].content):
        yield chunk({"content": token})
        count += 1
    yield chunk({}, "stop")
    if body.stream_options and body.stream_options.include_usage:
        yield {**common, "choices": [], "usage": usage(count)}


async def events(body: ChatRequest) -> AsyncIterator[str]:
    try:
        async for payload in payloads(body):
            yield f"data: {json.dumps(payload)}\n\n"
    except UpstreamError as error:
        yield f"data: {json.dumps(failure(str(error), 'upstream_error'))}\n\n"
        return
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions", response_model=None)
async def chat_completions(body: ChatRequest) -> StreamingResponse | dict[str, Any]:
    if body.stream:
        return StreamingResponse(events(body), media_type="text/event-stream")
    tokens = [token async for token in upstream(body.messages[-1].content)]  # a failure ends up in bad_gateway()
    message = {"role": "assistant", "content": "".join(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**head("chat.completion", body.model), "choices": [choice], "usage": usage(len(tokens))}
