"""A model without a name is given one.

Fails: model_is_echoed
"""

import json
import time
import uuid
from typing import Annotated, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, StrictBool
from starlette.exceptions import HTTPException

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class StreamOptions(BaseModel):
    include_usage: StrictBool = False


class Body(BaseModel):
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: StrictBool = False
    stream_options: StreamOptions | None = None


def error(message, kind):
    return {"error": {"message": message, "type": kind}}


@app.exception_handler(RequestValidationError)
async def invalid(request: Request, exc: RequestValidationError):
    first = exc.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return JSONResponse(error(f"{where}: {first['msg']}", "invalid_request_error"), 422)


@app.exception_handler(HTTPException)
async def http_error(request: Request, exc: HTTPException):
    return JSONResponse(error(str(exc.detail), "invalid_request_error"), exc.status_code)


def count_prompt(body):
    return sum(len(message.content.split()) for message in body.messages)


def usage_of(body, count):
    prompt = count_prompt(body)
    return {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}


def event(data):
    return f"data: {json.dumps(data)}\n\n"


async def events(body, prompt):
    head = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body.model,
    }

    def chunk(delta, finish_reason=None):
        return event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    yield chunk({"role": "assistant", "content": ""})
    count = 0
    try:
        async for token in upstream(prompt):
            count += 1
            yield chunk({"content": token})
    except UpstreamError as exc:
        yield event(error(str(exc), "upstream_error"))
        return
    yield chunk({}, "stop")
    if body.stream_options is not None and body.stream_options.include_usage:
        yield event({**head, "choices": [], "usage": usage_of(body, count)})
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(body: Body):
    body.model = body.model or "kata"
    prompt = body.messages[-1].content
    if body.stream:
        return StreamingResponse(events(body, prompt), media_type="text/event-stream")
    tokens = []
    try:
        async for token in upstream(prompt):
            tokens.append(token)
    except UpstreamError as exc:
        return JSONResponse(error(str(exc), "upstream_error"), 502)
    return JSONResponse(
        {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.model,
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "".join(tokens)}, "finish_reason": "stop"}
            ],
            "usage": usage_of(body, len(tokens)),
        }
    )
