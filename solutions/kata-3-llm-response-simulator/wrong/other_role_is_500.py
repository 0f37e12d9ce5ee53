"""Ends with 500 where a role has another name.

Fails: bad_body_is_refused
"""

import json
import time
import uuid
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, field_validator
from starlette.exceptions import HTTPException

from grader.kit import UpstreamError, upstream

ROLES = {"system", "developer", "user", "assistant", "tool"}

app = FastAPI()


class Message(BaseModel):
    role: str
    content: str

    @field_validator("role")
    @classmethod
    def known_role(cls, role: str) -> str:
        if role not in ROLES:
            raise ValueError("there is no such role")
        return role


class ChatRequest(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: dict[str, Any] | None = None


def error(message: str, kind: str, **more: Any) -> dict:
    return {"error": {"message": message, "type": kind, **more}}


def usage(body: ChatRequest, count: int) -> dict:
    words = sum(len(m.content.split()) for m in body.messages)
    return {"prompt_tokens": words, "completion_tokens": count, "total_tokens": words + count}


@app.exception_handler(RequestValidationError)
async def refuse(_, exc: RequestValidationError):
    details = exc.errors()
    return JSONResponse(error(details[0]["msg"], "invalid_request_error", details=details), status_code=422)


async def events(body: ChatRequest):
    base = {
        "id": "chatcmpl-" + uuid.uuid4().hex,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body.model,
    }

    def chunk(delta: dict, finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return f"data: {json.dumps({**base, 'choices': [choice]})}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    count = 0
    try:
        async for token in upstream(body.messages[-1].content):
            count += 1
            yield chunk({"content": token})
    except UpstreamError as exc:
        yield f"data: {json.dumps(error(str(exc), 'upstream_error'))}\n\n"
        return
    yield chunk({}, "stop")
    if (body.stream_options or {}).get("include_usage") is True:
        yield f"data: {json.dumps({**base, 'choices': [], 'usage': usage(body, count)})}\n\n"
    yield "data: [DONE]\n\n"


@app.exception_handler(HTTPException)
async def http_error(_, exc: HTTPException):
    return JSONResponse(error(str(exc.detail), "invalid_request_error"), status_code=exc.status_code)


@app.post("/v1/chat/completions")
async def chat_completions(body: ChatRequest):
    if body.stream:
        return StreamingResponse(events(body), media_type="text/event-stream")
    try:
        tokens = [token async for token in upstream(body.messages[-1].content)]
    except UpstreamError as exc:
        return JSONResponse(error(str(exc), "upstream_error"), status_code=502)
    return {
        "id": "chatcmpl-" + uuid.uuid4().hex,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.model,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "".join(tokens)}, "finish_reason": "stop"}
        ],
        "usage": usage(body, len(tokens)),
    }
