"""What is not UTF-8 in a body is replaced, and the request served.

Fails: bad_body_is_refused
"""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

NUMBERS = itertools.count(1)
BOOT = time.time_ns()


def fresh_id() -> str:
    return f"chatcmpl-{BOOT:x}-{next(NUMBERS)}"


class Refusal(ValueError):
    """The body does not fit."""


@dataclass
class ChatRequest:
    model: str
    messages: list[tuple[str, str]]
    stream: bool
    include_usage: bool

    @classmethod
    def from_json(cls, data: object) -> ChatRequest:
        if not isinstance(data, dict):
            raise Refusal("the body must be a JSON object")
        match data:
            case {"model": str(model), "messages": [_, *_] as raw}:
                pass
            case _:
                raise Refusal("model must be a string, and messages a list of at least one")
        messages = []
        for item in raw:
            match item:
                case {"role": str(role), "content": str(content)}:
                    messages.append((role, content))
                case _:
                    raise Refusal("messages: each is an object with a role and a content")
        (model + messages[-1][1]).encode()  # half a surrogate pair is not text: UnicodeEncodeError is a ValueError
        stream = data.get("stream", False)
        if stream is not True and stream is not False:
            raise Refusal("stream must be a boolean")
        options = data.get("stream_options")
        if not (options is None or isinstance(options, dict)):
            raise Refusal("stream_options must be an object or null")
        return cls(model, messages, stream, (options or {}).get("include_usage") is True)

    @property
    def prompt(self) -> str:
        return self.messages[-1][1]


@dataclass
class Completion:
    request: ChatRequest
    id: str = field(default_factory=fresh_id)
    created: int = field(default_factory=lambda: int(time.time()))
    pulled: int = 0

    def usage(self) -> dict:
        prompt = sum(len(content.split()) for _, content in self.request.messages)
        return {"prompt_tokens": prompt, "completion_tokens": self.pulled, "total_tokens": prompt + self.pulled}

    def envelope(self, kind: str, choices: list[dict], **more: object) -> dict:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.request.model,
            "choices": choices,
            **more,
        }

    def chunk(self, delta: dict, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return sse(self.envelope("chat.completion.chunk", [choice]))

    async def batch(self) -> dict:
        text = []
        async for token in upstream(self.request.prompt):
            self.pulled += 1
            text.append(token)
        message = {"role": "assistant", "content": "".join(text)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return self.envelope("chat.completion", [choice], usage=self.usage())

    async def events(self):
        yield self.chunk({"role": "assistant", "content": ""})
        try:
            async for token in upstream(self.request.prompt):
                self.pulled += 1
                yield self.chunk({"content": token})
        except UpstreamError as error:
            yield sse(failure(error, "upstream_error"))
            return
        yield self.chunk({}, "stop")
        if self.request.include_usage:
            yield sse(self.envelope("chat.completion.chunk", [], usage=self.usage()))
        yield b"data: [DONE]\n\n"


def sse(data: dict) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def failure(error: Exception, kind: str) -> dict:
    return {"error": {"message": str(error), "type": kind}}


async def completions(request: Request) -> Response:
    try:
        data = json.loads((await request.body()).decode("utf-8", errors="replace"))
        chat = ChatRequest.from_json(data)
    except ValueError as error:
        return JSONResponse(failure(error, "invalid_request_error"), status_code=422)
    completion = Completion(chat)
    if chat.stream:
        return StreamingResponse(completion.events(), media_type="text/event-stream")
    try:
        return JSONResponse(await completion.batch())
    except UpstreamError as error:
        return JSONResponse(failure(error, "upstream_error"), status_code=502)


app = Starlette(routes=[Route("/v1/chat/completions", completions, methods=["POST"])])
