"""The usage chunk has the time at which it was made, the others that at which the stream began.

Fails: one_id_an_answer
"""

import json
import time
import uuid
from typing import Annotated, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class StreamOptions(BaseModel):
    include_usage: bool | None = False


class ChatRequest(BaseModel):
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None

    @property
    def prompt(self) -> str:
        return self.messages[-1].content

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and bool(self.stream_options.include_usage)


def error_body(message: str, kind: str) -> dict:
    return {"error": {"message": message, "type": kind}}


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, exc: RequestValidationError) -> JSONResponse:
    first = exc.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return JSONResponse(error_body(f"{where}: {first['msg']}", "invalid_request_error"), status_code=422)


def usage_of(body: ChatRequest, completion_tokens: int) -> dict:
    prompt_tokens = sum(len(message.content.split()) for message in body.messages)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def usage_chunk(response_id: str, body: ChatRequest, count: int) -> dict:
    return {
        "id": response_id,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body.model,
        "choices": [],
        "usage": usage_of(body, count),
    }


def sse(data: dict) -> str:
    return f"data: {json.dumps(data)}\n\n"


async def batch(body: ChatRequest) -> JSONResponse:
    tokens: list[str] = []
    try:
        async for token in upstream(body.prompt):
            tokens.append(token)
    except UpstreamError as error:
        return JSONResponse(error_body(str(error), "upstream_error"), status_code=502)
    return JSONResponse(
        {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "".join(tokens)},
                    "finish_reason": "stop",
                }
            ],
            "usage": usage_of(body, len(tokens)),
        }
    )


async def events(body: ChatRequest):
    base = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body.model,
    }

    def chunk(delta: dict, finish_reason: str | None = None) -> str:
        return sse(base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    yield chunk({"role": "assistant", "content": ""})
    count = 0
    try:
        async with upstream(body.prompt) as tokens:
            async for token in tokens:
                count += 1
                yield chunk({"content": token})
    except UpstreamError as error:
        yield sse(error_body(str(error), "upstream_error"))
        return
    yield chunk({}, "stop")
    if body.include_usage:
        yield sse(usage_chunk(base["id"], body, count))
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(body: ChatRequest):
    if body.stream:
        return StreamingResponse(events(body), media_type="text/event-stream")
    return await batch(body)
