"""Kata 3 in Litestar: a route handler function, msgspec structs for the body, and ServerSentEvent."""

import json
import time
import uuid
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Literal

import msgspec
from litestar import Litestar, Request, Response, post
from litestar.background_tasks import BackgroundTask
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import ServerSentEvent
from litestar.status_codes import HTTP_200_OK, HTTP_502_BAD_GATEWAY

from grader.kit import Items, UpstreamError, upstream


class Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class StreamOptions(msgspec.Struct):
    include_usage: Any = False


class ChatRequest(msgspec.Struct):
    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    stream: bool = False
    stream_options: StreamOptions | None = None

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage is True

    def usage(self, completion_tokens: int) -> dict[str, int]:
        prompt_tokens = sum(len(message.content.split()) for message in self.messages)
        return {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }


def error_object(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind}}


def head(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


async def events(tokens: Items, request: ChatRequest) -> AsyncGenerator[str, None]:
    common = head("chat.completion.chunk", request.model)

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return json.dumps({**common, "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    count = 0
    try:
        async for token in tokens:
            count += 1
            yield chunk({"content": token})
    except UpstreamError as error:
        yield json.dumps(error_object(str(error), "upstream_error"))
        return
    yield chunk({}, "stop")
    if request.include_usage:
        yield json.dumps({**common, "choices": [], "usage": request.usage(count)})
    yield "[DONE]"


@post("/v1/chat/completions", status_code=HTTP_200_OK)
async def chat_completions(data: dict[str, Any]) -> Response:
    try:
        # Not `data: ChatRequest`: Litestar converts laxly, and takes the string "null" for null.
        request = msgspec.convert(data, ChatRequest)
    except msgspec.ValidationError as error:
        raise ValidationException(str(error)) from error
    tokens = upstream(request.messages[-1].content)
    if request.stream:
        return ServerSentEvent(events(tokens, request), background=BackgroundTask(tokens.aclose))
    texts = [token async for token in tokens]
    message = {"role": "assistant", "content": "".join(texts)}
    return Response(
        {
            **head("chat.completion", request.model),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": request.usage(len(texts)),
        }
    )


def on_http_exception(request: Request, error: HTTPException) -> Response:
    content = error_object(error.detail, "invalid_request_error")
    return Response(content, status_code=error.status_code, media_type="application/json", headers=error.headers)


def on_upstream_error(request: Request, error: UpstreamError) -> Response:
    content = error_object(str(error), "upstream_error")
    return Response(content, status_code=HTTP_502_BAD_GATEWAY, media_type="application/json")


app = Litestar(
    [chat_completions],
    exception_handlers={HTTPException: on_http_exception, UpstreamError: on_upstream_error},
    openapi_config=None,
)
