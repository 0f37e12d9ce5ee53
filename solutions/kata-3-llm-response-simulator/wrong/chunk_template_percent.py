"""The model's name becomes part of a format string, so a percent sign in it ends the stream.

Fails: model_is_echoed
"""

import json
import time
from typing import Any, Literal
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class StreamOptions(BaseModel):
    include_usage: bool | None = None


class Body(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None


def error_body(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind}}


def json_response(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")


@app.exception_handler(RequestValidationError)
async def on_invalid(request: Request, exc: RequestValidationError) -> Response:
    message = "; ".join(f"{error['loc']}: {error['msg']}" for error in exc.errors())
    return json_response(error_body("invalid_request_error", message), 422)


@app.exception_handler(HTTPException)
async def on_http_error(request: Request, exc: HTTPException) -> Response:
    return json_response(error_body("invalid_request_error", str(exc.detail)), exc.status_code)


def usage_of(body: Body, completion_tokens: int) -> dict[str, int]:
    prompt_tokens = sum(len(message.content.split()) for message in body.messages)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def event(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


@app.post("/v1/chat/completions")
async def chat_completions(body: Body):
    prompt = body.messages[-1].content
    head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": body.model}
    if body.stream:
        return StreamingResponse(events(body, prompt, head), media_type="text/event-stream")
    return await batch(body, prompt, head)


async def batch(body: Body, prompt: str, head: dict[str, Any]) -> Response:
    tokens: list[str] = []
    try:
        async for token in upstream(prompt):
            tokens.append(token)
    except UpstreamError as exc:
        return json_response(error_body("upstream_error", str(exc)), 502)
    message = {"role": "assistant", "content": "".join(tokens)}
    return json_response(
        {
            **head,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": usage_of(body, len(tokens)),
        }
    )


async def events(body: Body, prompt: str, head: dict[str, Any]):
    def chunk(choices: list[Any], **more: Any) -> bytes:
        return event({**head, "object": "chat.completion.chunk", "choices": choices, **more})

    def delta(content: dict[str, str], finish_reason: str | None = None) -> bytes:
        return chunk([{"index": 0, "delta": content, "finish_reason": finish_reason}])

    yield delta({"role": "assistant", "content": ""})
    # All chunks of tokens are alike but for the content: encode the rest once.
    template = delta({"content": "%s"}).decode().replace('"%s"', "%s")
    count = 0
    try:
        async for token in upstream(prompt):
            count += 1
            yield (template % json.dumps(token)).encode()
    except UpstreamError as exc:
        yield event(error_body("upstream_error", str(exc)))
        return
    yield delta({}, "stop")
    if body.stream_options and body.stream_options.include_usage:
        yield chunk([], usage=usage_of(body, count))
    yield b"data: [DONE]\n\n"
