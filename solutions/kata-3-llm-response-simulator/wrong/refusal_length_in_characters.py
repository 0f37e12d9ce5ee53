"""A refusal repeats the value that does not fit, and its Content-Length counts characters, so that the body is cut off.

Fails: bad_body_is_refused, bad_body_is_refused_before_a_stream
"""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    """One message of the conversation."""

    role: str
    content: str


class StreamOptions(BaseModel):
    """The part of the request that says what a stream contains besides the tokens."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of a request."""

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None

    @property
    def prompt(self) -> str:
        return self.messages[-1].content

    def usage(self, tokens: int) -> dict[str, int]:
        words = sum(len(message.content.split()) for message in self.messages)
        return {"prompt_tokens": words, "completion_tokens": tokens, "total_tokens": words + tokens}


class Answer:
    """The values that all parts of one response share."""

    def __init__(self, model: str) -> None:
        self._common = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": model}

    def completion(self, content: str, usage: dict[str, int]) -> dict[str, Any]:
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {**self._common, "object": "chat.completion", "choices": [choice], "usage": usage}

    def chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> str:
        return self._chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish_reason}])

    def usage_chunk(self, usage: dict[str, int]) -> str:
        return self._chunk(choices=[], usage=usage)

    def _chunk(self, **more: object) -> str:
        return sse(json.dumps({**self._common, "object": "chat.completion.chunk", **more}))


def sse(data: str) -> str:
    """One event. Neither JSON nor [DONE] contains line endings, so one `data` line holds all of it."""
    return f"data: {data}\n\n"


def failure(message: str, kind: str) -> dict[str, dict[str, str]]:
    return {"error": {"message": message, "type": kind}}


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> Response:
    del request
    first = error.errors()[0]
    message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}, not {first['input']!r}"
    text = json.dumps(failure(message, "invalid_request_error"), ensure_ascii=False)
    return Response(text, 400, headers={"Content-Length": str(len(text))}, media_type="application/json")


async def events(request: ChatRequest) -> AsyncIterator[str]:
    answer, count = Answer(request.model), 0
    yield answer.chunk({"role": "assistant", "content": ""})
    try:
        async for token in upstream(request.prompt):
            count += 1
            yield answer.chunk({"content": token})
    except UpstreamError as error:
        yield sse(json.dumps(failure(str(error), "upstream_error")))
        return  # without [DONE]: the response is not whole
    yield answer.chunk({}, finish_reason="stop")
    if request.stream_options and request.stream_options.include_usage:
        yield answer.usage_chunk(request.usage(count))
    yield sse("[DONE]")


@app.post("/v1/chat/completions")
async def chat_completions(request: ChatRequest) -> Any:
    if request.stream:
        return StreamingResponse(events(request), media_type="text/event-stream")
    try:
        tokens = [token async for token in upstream(request.prompt)]
    except UpstreamError as error:
        return JSONResponse(failure(str(error), "upstream_error"), status_code=502)
    return Answer(request.model).completion("".join(tokens), request.usage(len(tokens)))
