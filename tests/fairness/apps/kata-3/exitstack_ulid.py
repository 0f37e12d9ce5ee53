"""Style: AsyncExitStack, ULIDs, a service in the lifespan state with a Protocol for the source; ContextVar for the
request id.

Liberty: each event, `[DONE]` and the error among them, has an `id` and a `retry`, and a field that no client knows.
    "You choose ... further fields of an event" (only another type than `message` is excluded).
"""

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, StrictBool

from grader.kit import Items, UpstreamError, upstream

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
current_id: ContextVar[str] = ContextVar("current_id", default="")


def ulid() -> str:
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(26)))


class Source(Protocol):
    def __call__(self, key: str) -> Items: ...


class Message(BaseModel):
    role: str
    content: str


class Chat(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: StrictBool = False
    stream_options: dict[str, Any] | None = None


class Simulator:
    def __init__(self, source: Source) -> None:
        self.source = source

    def head(self, chat: Chat, kind: str) -> dict[str, Any]:
        return {"id": current_id.get(), "object": kind, "created": time.time_ns() // 10**9, "model": chat.model}

    def usage(self, chat: Chat, count: int) -> dict[str, int]:
        asked = len(chat.messages[-1].content.encode()) // 4
        return {"prompt_tokens": asked, "completion_tokens": count, "total_tokens": asked + count}

    async def complete(self, chat: Chat) -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            tokens = await stack.enter_async_context(self.source(chat.messages[-1].content))
            pieces = [token async for token in tokens]
        message = {"role": "assistant", "content": "".join(pieces)}
        return {
            **self.head(chat, "chat.completion"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": self.usage(chat, len(pieces)),
        }

    async def payloads(self, chat: Chat) -> AsyncIterator[str]:
        head = self.head(chat, "chat.completion.chunk")

        def chunk(delta: dict[str, str], reason: str | None = None) -> str:
            return json.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

        count = 0
        async with AsyncExitStack() as stack:
            tokens = await stack.enter_async_context(self.source(chat.messages[-1].content))
            yield chunk({"role": "assistant", "content": ""})
            try:
                async for token in tokens:
                    count += 1
                    yield chunk({"content": token})
            except UpstreamError as error:
                yield json.dumps(error_object(str(error), "upstream_error"))
                return
        yield chunk({}, "stop")
        if chat.stream_options is not None and chat.stream_options.get("include_usage") is True:
            yield json.dumps({**head, "choices": [], "usage": self.usage(chat, count)})
        yield "[DONE]"

    async def events(self, chat: Chat) -> AsyncIterator[bytes]:
        number = 0
        async for payload in self.payloads(chat):
            number += 1
            yield f"id: {number}\nretry: 1500\nx-at: {time.time():.3f}\ndata: {payload}\n\n".encode()


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield {"simulator": Simulator(upstream)}


router = APIRouter(prefix="/v1")


@router.post("/chat/completions")
async def chat_completions(chat: Chat, request: Request):
    current_id.set(f"chatcmpl-{ulid()}")
    simulator: Simulator = request.state.simulator
    if chat.stream:
        headers = {"X-Request-Id": current_id.get()}
        return StreamingResponse(simulator.events(chat), headers=headers, media_type="text/event-stream")
    return await simulator.complete(chat)


def error_object(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind}}


app = FastAPI(lifespan=lifespan)
app.include_router(router)


@app.exception_handler(UpstreamError)
async def bad_gateway(request: Request, error: UpstreamError) -> JSONResponse:
    return JSONResponse(error_object(str(error), "upstream_error"), 502)


@app.exception_handler(RequestValidationError)
async def unprocessable(request: Request, error: RequestValidationError) -> JSONResponse:
    faults = [f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in error.errors()]
    return JSONResponse(error_object(", ".join(faults), "invalid_request_error"), 422)
