"""A batch that fails keeps its place among the 32 that may run.

Fails: many_batches_at_once, model_is_echoed, batch_counts_its_tokens, usage_when_asked_for
"""

import asyncio
import json
import time
import uuid
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from grader.kit import UpstreamError, upstream

app = FastAPI()
slots = asyncio.Semaphore(32)


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class ChatRequest(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: dict[str, Any] | None = None


def error(message: str, kind: str) -> dict:
    return {"error": {"message": message, "type": kind}}


def usage(body: ChatRequest, count: int) -> dict:
    words = sum(len(m.content.split()) for m in body.messages)
    return {"prompt_tokens": words, "completion_tokens": count, "total_tokens": words + count}


@app.exception_handler(RequestValidationError)
async def refuse(_, exc: RequestValidationError):
    return JSONResponse(error(exc.errors()[0]["msg"], "invalid_request_error"), status_code=400)


@app.exception_handler(UpstreamError)
async def bad_gateway(_, exc: UpstreamError):
    return JSONResponse(error(str(exc), "upstream_error"), status_code=502)


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
    await slots.acquire()
    tokens = [token async for token in upstream(body.messages[-1].content)]
    slots.release()
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
