"""Ignores `stream`.

Fails: stream_is_an_event_stream
"""

import time
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream

app = FastAPI()


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


def failure(error: Exception) -> dict[str, object]:
    return {"error": {"message": str(error), "type": "error"}}


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    return JSONResponse(failure(error), status_code=400)


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}


def answer(kind: str, model: str, **more: object) -> dict[str, object]:
    return {"id": uuid4().hex, "object": kind, "created": int(time.time()), "model": model, **more}


@app.post("/v1/chat/completions")
async def chat_completions(body: ChatRequest):
    try:
        tokens = [token async for token in upstream(body.messages[-1].content)]
    except UpstreamError as error:
        return JSONResponse(failure(error), status_code=502)
    message = {"role": "assistant", "content": "".join(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return answer("chat.completion", body.model, choices=[choice], usage=usage(len(tokens)))
