"""A task pulls a token every 100 ms into a queue without a bound, while the client does not read.

Fails: slow_reader_slows_the_model
May fail: upstream_sets_the_pace
"""

import asyncio
import json
import time
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


def failure(error: Exception) -> dict[str, object]:
    return {"error": {"message": str(error), "type": "error"}}


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    return JSONResponse(failure(error), status_code=400)


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}


def answer(kind: str, model: str, **more: object) -> dict[str, object]:
    return {"id": uuid4().hex, "object": kind, "created": int(time.time()), "model": model, **more}


async def pump(body: ChatRequest, queue: asyncio.Queue[str | Exception | None]) -> None:
    try:
        async for token in upstream(body.messages[-1].content):
            await queue.put(token)
            if queue.qsize() > 2:
                await asyncio.sleep(0.1)
        await queue.put(None)
    except UpstreamError as error:
        await queue.put(error)


async def tokens_of(queue: asyncio.Queue[str | Exception | None]):
    while (token := await queue.get()) is not None:
        if isinstance(token, Exception):
            raise token
        yield token


async def events(body: ChatRequest):
    head, count = answer("chat.completion.chunk", body.model), 0
    queue: asyncio.Queue[str | Exception | None] = asyncio.Queue()
    task = asyncio.create_task(pump(body, queue))

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    try:
        async for token in tokens_of(queue):
            count += 1
            yield chunk({"content": token})
    except UpstreamError as error:
        yield f"data: {json.dumps(failure(error))}\n\n"
        return
    finally:
        task.cancel()
    yield chunk({}, "stop")
    if body.stream_options and body.stream_options.include_usage:
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': usage(count)})}\n\n"
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(body: ChatRequest):
    if body.stream:
        return StreamingResponse(events(body), media_type="text/event-stream")
    try:
        tokens = [token async for token in upstream(body.messages[-1].content)]
    except UpstreamError as error:
        return JSONResponse(failure(error), status_code=502)
    message = {"role": "assistant", "content": "".join(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return answer("chat.completion", body.model, choices=[choice], usage=usage(len(tokens)))
