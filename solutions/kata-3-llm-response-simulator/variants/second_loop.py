"""All upstreams live in an event loop of their own, in a second thread; the server's loop asks it for each token."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from grader.kit import UpstreamError, upstream

Found = TypeVar("Found")
other = asyncio.new_event_loop()


@asynccontextmanager
async def running(_: FastAPI) -> AsyncIterator[None]:
    thread = threading.Thread(target=other.run_forever, daemon=True)
    thread.start()
    yield
    other.call_soon_threadsafe(other.stop)
    thread.join()


app = FastAPI(lifespan=running)


class Message(BaseModel):
    role: str
    content: str


class StreamOptions(BaseModel):
    include_usage: bool | None = False


class ChatRequest(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None


def there(work: Coroutine[Any, Any, Found]) -> "Future[Found]":
    return asyncio.run_coroutine_threadsafe(work, other)


class Far:
    """An upstream in the other loop. What has `far` in its name runs there."""

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        self._tokens: Any = None
        self._pulling: asyncio.Task[str | None] | None = None

    async def _pull_far(self) -> str | None:
        self._tokens = self._tokens or upstream(self._prompt)
        self._pulling = asyncio.ensure_future(anext(self._tokens, None))
        return await self._pulling

    async def _close_far(self) -> None:
        if self._pulling is not None:
            self._pulling.cancel()
            await asyncio.wait([self._pulling])
        if self._tokens is not None:
            await self._tokens.aclose()

    async def tokens(self) -> AsyncIterator[str]:
        try:
            while (token := await asyncio.wrap_future(there(self._pull_far()))) is not None:
                yield token
        finally:
            there(self._close_far())


def error_object(message: str, kind: str, status: int) -> Response:
    return JSONResponse({"error": {"message": message, "type": kind}}, status)


@app.exception_handler(RequestValidationError)
async def refuse(_: Request, error: RequestValidationError) -> Response:
    return error_object(error.errors()[0]["msg"], "invalid_request_error", 422)


@app.exception_handler(UpstreamError)
async def fail(_: Request, error: UpstreamError) -> Response:
    return error_object(str(error), "upstream_error", 502)


def usage(chat: ChatRequest, tokens: int) -> dict[str, int]:
    words = sum(len(message.content.split()) for message in chat.messages)
    return {"prompt_tokens": words, "completion_tokens": tokens, "total_tokens": words + tokens}


async def events(chat: ChatRequest) -> AsyncIterator[str]:
    common = {"id": uuid4().hex, "object": "chat.completion.chunk", "created": int(time.time()), "model": chat.model}

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return f"data: {json.dumps({**common, 'choices': [choice]})}\n\n"

    count = 0
    async with aclosing(Far(chat.messages[-1].content).tokens()) as tokens:
        try:
            yield chunk({"role": "assistant", "content": ""})
            async for token in tokens:
                count += 1
                yield chunk({"content": token})
        except UpstreamError as error:
            yield f"data: {json.dumps({'error': {'message': str(error), 'type': 'upstream_error'}})}\n\n"
            return
    yield chunk({}, "stop")
    if chat.stream_options and chat.stream_options.include_usage:
        yield f"data: {json.dumps({**common, 'choices': [], 'usage': usage(chat, count)})}\n\n"
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def complete(chat: ChatRequest) -> Response:
    if chat.stream:
        return StreamingResponse(events(chat), media_type="text/event-stream")
    tokens = [token async for token in Far(chat.messages[-1].content).tokens()]
    message = {"role": "assistant", "content": "".join(tokens)}
    completion = {
        "id": uuid4().hex,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": chat.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage(chat, len(tokens)),
    }
    return JSONResponse(completion)
