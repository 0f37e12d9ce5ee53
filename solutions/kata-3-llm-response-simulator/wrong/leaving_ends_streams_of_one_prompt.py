"""Streams are kept by their prompt: a client that leaves ends those of all others with the same prompt.

Fails: each_request_asks_once
"""

import asyncio
import json
import time
import uuid
from collections import defaultdict
from typing import Annotated, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class ChatRequest(BaseModel):
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool = False
    stream_options: dict | None = None

    @property
    def prompt(self) -> str:
        return self.messages[-1].content

    @property
    def include_usage(self) -> bool:
        return (self.stream_options or {}).get("include_usage") is True


def as_json(status: int, payload: dict) -> Response:
    return Response(json.dumps(payload), status_code=status, media_type="application/json")


def error_object(message: str, kind: str) -> dict:
    return {"error": {"message": message, "type": kind}}


@app.exception_handler(RequestValidationError)
async def on_invalid(request: Request, exc: RequestValidationError):
    message = "; ".join(str(error["msg"]) for error in exc.errors())
    return as_json(422, error_object(message, "invalid_request_error"))


@app.exception_handler(StarletteHTTPException)
async def on_http_error(request: Request, exc: StarletteHTTPException):
    return as_json(exc.status_code, error_object(str(exc.detail), "invalid_request_error"))


def usage_of(prompt: str, pulled: int) -> dict:
    asked = len(prompt.split())
    return {"prompt_tokens": asked, "completion_tokens": pulled, "total_tokens": asked + pulled}


async def batch(body: ChatRequest) -> Response:
    tokens = []
    try:
        async for token in upstream(body.prompt):
            tokens.append(token)
    except UpstreamError as exc:
        return as_json(502, error_object(str(exc), "upstream_error"))
    return as_json(
        200,
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
            "usage": usage_of(body.prompt, len(tokens)),
        },
    )


class Chunks:
    """Writes the events of one stream."""

    def __init__(self, model: str):
        self.base = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def delta(self, delta: dict, finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return sse(json.dumps({**self.base, "choices": [choice]}))

    def usage(self, usage: dict) -> str:
        return sse(json.dumps({**self.base, "choices": [], "usage": usage}))


def sse(data: str) -> str:
    return f"data: {data}\n\n"


class ClosingStream(StreamingResponse):
    """Closes the generator as soon as the response is over, however it ended."""

    media_type = "text/event-stream"

    async def stream_response(self, send) -> None:
        try:
            await super().stream_response(send)
        finally:
            await self.body_iterator.aclose()


END = object()
running: dict[str, set[asyncio.Task]] = defaultdict(set)


async def pull(prompt: str, queue: asyncio.Queue) -> None:
    """Puts each token into the queue, and pulls the next when it has been sent."""
    try:
        async for token in upstream(prompt):
            queue.put_nowait(token)
            await queue.join()
    except UpstreamError as exc:
        queue.put_nowait(exc)
    finally:
        queue.put_nowait(END)


def stop(prompt: str) -> None:
    for task in running[prompt]:
        task.cancel()


async def events(body: ChatRequest):
    out = Chunks(body.model)
    queue: asyncio.Queue = asyncio.Queue()
    task = asyncio.create_task(pull(body.prompt, queue))
    running[body.prompt].add(task)
    pulled = 0
    try:
        yield out.delta({"role": "assistant", "content": ""})
        while (item := await queue.get()) is not END:
            if isinstance(item, UpstreamError):
                yield sse(json.dumps(error_object(str(item), "upstream_error")))
                return
            pulled += 1
            yield out.delta({"content": item})
            queue.task_done()
        yield out.delta({}, "stop")
        if body.include_usage:
            yield out.usage(usage_of(body.prompt, pulled))
        yield sse("[DONE]")
    except (asyncio.CancelledError, GeneratorExit):  # the client has left
        stop(body.prompt)
        raise
    finally:
        running[body.prompt].discard(task)
        if not running[body.prompt]:
            del running[body.prompt]


@app.post("/v1/chat/completions")
async def chat_completions(body: ChatRequest):
    if body.stream:
        return ClosingStream(events(body))
    return await batch(body)
