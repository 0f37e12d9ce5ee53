"""With `tools` the finish_reason of a batch is tool_calls.

Fails: every_answer_has_its_own_id, created_is_the_time, other_keys_are_ignored, model_is_echoed
"""

import json
import time
import uuid
from typing import Any, Literal

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
    include_usage: bool = False


class Body(BaseModel):
    model: str
    tools: Any = None
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None


def failure(message, kind, status):
    return JSONResponse({"error": {"message": message, "type": kind}}, status_code=status)


@app.exception_handler(RequestValidationError)
async def refuse(request, error):
    return failure("the body does not fit", "invalid_request_error", 400)


def count(body):
    return sum(len(message.content.split()) for message in body.messages)


def usage_of(body, tokens):
    prompt_tokens = count(body)
    return {"prompt_tokens": prompt_tokens, "completion_tokens": tokens, "total_tokens": prompt_tokens + tokens}


@app.post("/v1/chat/completions")
async def chat_completions(request: Request, body: Body):
    prompt = body.messages[-1].content
    if body.stream:
        return StreamingResponse(events(request, body, prompt), media_type="text/event-stream")
    return await batch(request, body, prompt)


async def batch(request, body, prompt):
    tokens = []
    try:
        async for token in upstream(prompt):
            tokens.append(token)
    except UpstreamError as error:
        return failure(str(error), "upstream_error", 502)
    message = {"role": "assistant", "content": "".join(tokens)}
    return JSONResponse(
        {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if body.tools else "stop"}],
            "usage": usage_of(body, len(tokens)),
        }
    )


def sse(data):
    return f"data: {json.dumps(data)}\n\n"


async def events(request, body, prompt):
    head = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body.model,
    }

    def chunk(delta, finish_reason=None):
        return sse({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    yield chunk({"role": "assistant", "content": ""})
    tokens = 0
    try:
        async for token in upstream(prompt):
            tokens += 1
            yield chunk({"content": token})
    except UpstreamError as error:
        yield sse({"error": {"message": str(error), "type": "upstream_error"}})
        return
    yield chunk({}, "stop")
    if body.stream_options and body.stream_options.include_usage:
        yield sse({**head, "choices": [], "usage": usage_of(body, tokens)})
    yield "data: [DONE]\n\n"
