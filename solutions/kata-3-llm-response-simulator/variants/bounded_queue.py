"""A producer task and a short queue: it runs at most a few tokens ahead, and is cancelled with its reader."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
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


Queue = asyncio.Queue[str | UpstreamError | None]  # a token, a failure, or None at the end


async def produce(prompt: str, queue: Queue) -> None:
    try:
        async for token in upstream(prompt):
            await queue.put(token)
    except UpstreamError as error:
        await queue.put(error)
    else:
        await queue.put(None)


async def through_a_queue(prompt: str) -> AsyncIterator[str]:
    queue: Queue = asyncio.Queue(maxsize=4)
    producer = asyncio.create_task(produce(prompt, queue))
    try:
        while (taken := await queue.get()) is not None:
            if isinstance(taken, UpstreamError):
                raise taken
            yield taken
    finally:
        producer.cancel()


def failed(message: str, status: int) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": "error"}}, status_code=status)


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    del request
    return failed(str(error), 400)


@app.exception_handler(UpstreamError)
async def bad_gateway(request: Request, error: UpstreamError) -> JSONResponse:
    del request
    return failed(str(error), 502)


def chunk(head: dict[str, Any], delta: dict[str, str], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 1, "completion_tokens": tokens, "total_tokens": 1 + tokens}


async def events(body: ChatRequest) -> AsyncIterator[str]:
    head = {"id": uuid4().hex, "object": "chat.completion.chunk", "created": int(time.time()), "model": body.model}
    count = 0
    yield chunk(head, {"role": "assistant", "content": ""})
    try:
        async for token in through_a_queue(body.messages[-1].content):
            yield chunk(head, {"content": token})
            count += 1
    except UpstreamError as error:
        yield f"data: {json.dumps({'error': {'message': str(error), 'type': 'error'}})}\n\n"
        return
    yield chunk(head, {}, "stop")
    if body.stream_options and body.stream_options.include_usage:
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': usage(count)})}\n\n"
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions", response_model=None)
async def chat_completions(body: ChatRequest) -> StreamingResponse | dict[str, Any]:
    if body.stream:
        return StreamingResponse(events(body), media_type="text/event-stream")
    tokens = [token async for token in through_a_queue(body.messages[-1].content)]
    message = {"role": "assistant", "content": "".join(tokens)}
    head = {"id": uuid4().hex, "object": "chat.completion", "created": int(time.time()), "model": body.model}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**head, "choices": [choice], "usage": usage(len(tokens))}
