"""Style: the first pull is made in a task of its own before the response begins; then a class with __aiter__ and
__anext__ makes one event for each call.

Liberty: a stream that fails before its first token responds with 502 and JSON, like a batch.
    "A stream that fails before its first token may do the same, or respond with `502` like a batch."
"""

import asyncio
import json
import os
import time
from collections import deque

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, StrictBool
from starlette.exceptions import HTTPException

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    role: str
    content: str


class Chat(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: StrictBool = False
    stream_options: dict | None = None


def failure(message: str, kind: str, status: int) -> JSONResponse:
    return JSONResponse({"error": {"type": kind, "message": message}}, status)


@app.exception_handler(RequestValidationError)
async def invalid(request: Request, error: RequestValidationError):
    return failure(str(error.errors()[0]["msg"]), "invalid_request_error", 400)


@app.exception_handler(HTTPException)
async def other(request: Request, error: HTTPException):
    return failure(str(error.detail), "invalid_request_error", error.status_code)


@app.exception_handler(UpstreamError)
async def bad_gateway(request: Request, error: UpstreamError):
    return failure(str(error), "upstream_error", 502)


class Events:
    def __init__(self, chat: Chat, items, first: str | None) -> None:
        self.chat, self.items, self.first = chat, items, first
        self.count = 0
        self.begun = False
        self.tail: deque[str] = deque()
        self.over = False
        self.frame = {
            "object": "chat.completion.chunk",
            "id": os.urandom(8).hex(),
            "model": chat.model,
            "created": int(time.time()),
        }

    def __aiter__(self):
        return self

    def chunk(self, delta: dict, reason: str | None = None) -> str:
        return json.dumps({**self.frame, "choices": [{"delta": delta, "finish_reason": reason, "index": 0}]})

    async def __anext__(self) -> str:
        if self.tail:
            return f"data: {self.tail.popleft()}\n\n"
        if self.over:
            raise StopAsyncIteration
        if not self.begun:
            self.begun = True
            return f"data: {self.chunk({'role': 'assistant'})}\n\n"
        return f"data: {await self.step()}\n\n"

    async def step(self) -> str:
        try:
            token = self.first if self.count == 0 else await anext(self.items, None)
        except UpstreamError as error:
            self.over = True
            return json.dumps({"error": {"type": "upstream_error", "message": str(error)}})
        if token is not None:
            self.count += 1
            return self.chunk({"content": token})
        self.over = True
        if (self.chat.stream_options or {}).get("include_usage") is True:
            self.tail.append(json.dumps({**self.frame, "choices": [], "usage": usage(self.chat, self.count)}))
        self.tail.append("[DONE]")
        return self.chunk({}, "stop")


def usage(chat: Chat, count: int) -> dict:
    prompted = len(" ".join(message.content for message in chat.messages).split())
    return {"total_tokens": prompted + count, "prompt_tokens": prompted, "completion_tokens": count}


async def pull(items) -> str | None:
    return await anext(items, None)


@app.post("/v1/chat/completions")
async def chat_completions(chat: Chat, request: Request):
    items = upstream(chat.messages[-1].content)
    if not chat.stream:
        tokens = [token async for token in items]
        message = {"role": "assistant", "content": "".join(tokens)}
        return {
            "object": "chat.completion",
            "id": os.urandom(8).hex(),
            "model": chat.model,
            "created": int(time.time()),
            "choices": [{"finish_reason": "stop", "index": 0, "message": message}],
            "usage": usage(chat, len(tokens)),
        }
    first = asyncio.create_task(pull(items))
    gone = asyncio.create_task(disconnected(request))
    try:
        await asyncio.wait({first, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():  # nobody is there to read an answer
            return failure("the client has left", "client_error", 499)
        token = first.result()
    finally:
        first.cancel()
        gone.cancel()
    return StreamingResponse(Events(chat, items, token), media_type="text/event-stream")


async def disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
