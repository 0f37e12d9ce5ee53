"""Keys of the request may be in camel case, too.

Fails: no_usage_unless_asked_for
"""

import json
import time
import uuid
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Schema(BaseModel):
    """Takes both spellings, as our JavaScript clients write camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Message(Schema):
    role: str
    content: str


class StreamOptions(Schema):
    include_usage: bool | None = False


class Body(Schema):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None


def error_object(message: str, kind: str) -> dict:
    return {"error": {"message": message, "type": kind}}


@app.exception_handler(RequestValidationError)
async def on_invalid(request: Request, exc: RequestValidationError) -> JSONResponse:
    first = exc.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return JSONResponse(error_object(f"{where}: {first['msg']}", "invalid_request_error"), 400)


@app.exception_handler(HTTPException)
async def on_http_error(request: Request, exc: HTTPException) -> JSONResponse:
    return JSONResponse(error_object(str(exc.detail), "invalid_request_error"), exc.status_code)


def usage_of(body: Body, completion_tokens: int) -> dict:
    prompt_tokens = sum(len(message.content.split()) for message in body.messages)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def event(data: dict) -> str:
    return f"data: {json.dumps(data)}\n\n"


def new_id() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"


async def stream(body: Body, prompt: str) -> AsyncIterator[str]:
    head = {"id": new_id(), "object": "chat.completion.chunk", "created": int(time.time()), "model": body.model}

    def chunk(delta: dict, finish_reason: str | None = None) -> str:
        return event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    count = 0
    yield chunk({"role": "assistant", "content": ""})
    try:
        async with upstream(prompt) as tokens:
            async for token in tokens:
                count += 1
                yield chunk({"content": token})
    except UpstreamError as error:
        yield event(error_object(str(error), "upstream_error"))
        return
    yield chunk({}, "stop")
    if body.stream_options and body.stream_options.include_usage:
        yield event({**head, "choices": [], "usage": usage_of(body, count)})
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(body: Body):
    prompt = body.messages[-1].content
    if body.stream:
        return StreamingResponse(stream(body, prompt), media_type="text/event-stream")
    parts: list[str] = []
    try:
        async with upstream(prompt) as tokens:
            async for token in tokens:
                parts.append(token)
    except UpstreamError as error:
        return JSONResponse(error_object(str(error), "upstream_error"), 502)
    return {
        "id": new_id(),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "".join(parts)}, "finish_reason": "stop"}],
        "usage": usage_of(body, len(parts)),
    }
