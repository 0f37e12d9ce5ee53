"""FastAPI's own events: a yielding endpoint for streams, another for batches, chosen by the body.

A yielding endpoint always streams, and a route knows only paths; so a small ASGI layer in front reads the body first.
"""

import json
import time
from collections.abc import AsyncIterator, MutableMapping
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from grader.kit import UpstreamError, upstream


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


class ByMode:
    """Sends a request that asks for a stream to the endpoint for streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/v1/chat/completions":
            return await self._app(scope, receive, send)
        body = await Request(scope, receive).body()
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> MutableMapping[str, Any]:
            return unread.pop() if unread else await receive()

        mode = "stream" if asks_for_a_stream(body) else "batch"
        return await self._app({**scope, "path": f"/{mode}"}, receive_again, send)


def asks_for_a_stream(body: bytes) -> bool:
    try:
        asked = json.loads(body)
    except ValueError:
        return False  # whatever it is, the endpoint for batches refuses it
    return isinstance(asked, dict) and asked.get("stream") is True


app = FastAPI()
app.add_middleware(ByMode)


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    del request
    return JSONResponse(failure(str(error), "invalid_request_error"), status_code=422)


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


@app.post("/stream", response_class=EventSourceResponse)
async def stream(body: ChatRequest) -> AsyncIterator[ServerSentEvent]:
    try:
        async for payload in payloads(body):
            yield ServerSentEvent(data=payload)
    except UpstreamError as error:
        yield ServerSentEvent(data=failure(str(error), "upstream_error"))
        return
    yield ServerSentEvent(raw_data="[DONE]")


@app.post("/batch")
async def batch(body: ChatRequest) -> JSONResponse:
    try:
        tokens = [token async for token in upstream(body.messages[-1].content)]
    except UpstreamError as error:
        return JSONResponse(failure(str(error), "upstream_error"), status_code=502)
    message = {"role": "assistant", "content": "".join(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse({**head("chat.completion", body.model), "choices": [choice], "usage": usage(len(tokens))})
