"""The JSON of the Chat Completions API: the request, and the completion, whole or in chunks."""

import logging
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from sse import event, json_event

log = logging.getLogger("server")

Json = dict[str, Any]


class Message(BaseModel):
    """One message of the conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class StreamOptions(BaseModel):
    """Options of a stream."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The part of the request that these examples understand."""

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None


class Answer:
    """One completion. Whole or in chunks, all of it has the same id."""

    def __init__(self, request: ChatRequest, tokens: AsyncGenerator[str], prompt_tokens: int) -> None:
        """Prepare the keys that every chunk repeats."""
        self.tokens = tokens
        self.prompt_tokens = prompt_tokens
        self.with_usage = bool(request.stream_options and request.stream_options.include_usage)
        self.head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": request.model}

    async def whole(self) -> Json:
        """Wait for all tokens."""
        tokens = [token async for token in self.tokens]
        message = {"role": "assistant", "content": "".join(tokens)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {**self.head, "object": "chat.completion", "choices": [choice], "usage": self.usage(len(tokens))}

    async def chunks(self) -> AsyncGenerator[str]:
        """Send the role, each token, why it ended, the usage if it was asked for, and [DONE]."""
        count = 0
        async with aclosing(self.tokens):
            yield self.delta({"role": "assistant", "content": ""})
            try:
                async for token in self.tokens:
                    yield self.delta({"content": token})
                    count += 1
            except Exception:
                # The status has already been sent. So the error is an event, and no [DONE] follows, which would mean
                # success. (A disconnect raises CancelledError, which is not a subclass of Exception.)
                log.exception("the model failed")
                yield json_event({"error": {"message": "The model failed.", "type": "server_error"}})
                return
            yield self.delta({}, "stop")
            if self.with_usage:
                yield self.chunk([], self.usage(count))
            yield event("[DONE]")  # the one event that is not JSON, so it has no quotes

    def delta(self, delta: Json, finish_reason: str | None = None) -> str:
        """Write a chunk that carries a part of the message."""
        return self.chunk([{"index": 0, "delta": delta, "finish_reason": finish_reason}], None)

    def chunk(self, choices: list[Json], usage: Json | None) -> str:
        """Write any chunk. If usage was asked for, every chunk has the field, null in all but the last."""
        chunk = {**self.head, "object": "chat.completion.chunk", "choices": choices}
        return json_event(chunk | {"usage": usage} if self.with_usage else chunk)

    def usage(self, completion: int) -> Json:
        """Count the tokens of prompt and completion."""
        total = self.prompt_tokens + completion
        return {"prompt_tokens": self.prompt_tokens, "completion_tokens": completion, "total_tokens": total}


def failure(status: int, message: str, code: str) -> JSONResponse:
    """Make an error in the shape that clients of this API read."""
    log.info("%d, before any byte of a completion", status)
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status)
