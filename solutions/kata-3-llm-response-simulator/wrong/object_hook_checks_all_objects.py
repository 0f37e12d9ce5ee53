"""The check of a message is called for each object of the body, so that it refuses other keys as well.

Fails: other_keys_are_ignored
"""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream


class BadRequest(Exception):
    """The body does not fit."""


@dataclass(frozen=True)
class Asked:
    """The values of a valid request."""

    model: str
    prompt: str
    stream: bool
    include_usage: bool

    @classmethod
    async def by(cls, request: Request) -> "Asked":
        try:
            body = json.loads(await request.body(), object_hook=check_message)
            messages = body["messages"]
            check(body)
            options = body.get("stream_options") or {}
            return cls(
                model=str(body["model"]),
                prompt=messages[-1]["content"],
                stream=body.get("stream") is True,
                include_usage=options.get("include_usage") is True,
            )
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise BadRequest("a JSON object is needed, with a model and at least one message") from error


def check_message(value: dict[str, Any]) -> dict[str, Any]:
    if not all(isinstance(value.get(key, ""), str) for key in ("role", "content")):
        raise TypeError
    return value


def check(body: dict[str, Any]) -> None:
    texts = [body["model"], *(message[key] for message in body["messages"] for key in ("role", "content"))]
    fits = isinstance(body["messages"], list) and all(isinstance(text, str) for text in texts)
    if not (fits and isinstance(body.get("stream", False), bool)):
        raise TypeError
    if not isinstance(body.get("stream_options"), dict | None):
        raise TypeError


def failure(message: str, kind: str) -> dict[str, dict[str, str]]:
    return {"error": {"message": message, "type": kind}}


class Answer:
    """One response: the values that its parts share, and the number of its tokens."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._common = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": asked.model}
        self._count = 0

    async def completion(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join([token async for token in self._tokens()])}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return {**self._common, "object": "chat.completion", "choices": choices, "usage": self._usage()}

    async def events(self) -> AsyncIterator[str]:
        try:
            yield self._chunk({"role": "assistant", "content": ""})
            async for token in self._tokens():
                yield self._chunk({"content": token})
            yield self._chunk({"content": ""}, "stop")
            if self._asked.include_usage:
                yield self._event(choices=[], usage=self._usage())
            yield "data: [DONE]\n\n"
        except UpstreamError as error:
            yield f"data: {json.dumps(failure(str(error), 'upstream_error'))}\n\n"

    async def _tokens(self) -> AsyncIterator[str]:
        async for token in upstream(self._asked.prompt):
            self._count += 1
            yield token

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> str:
        return self._event(choices=[{"index": 0, "delta": delta, "finish_reason": finish_reason}])

    def _event(self, **more: object) -> str:
        return f"data: {json.dumps({**self._common, 'object': 'chat.completion.chunk', **more})}\n\n"

    def _usage(self) -> dict[str, int]:
        return {"prompt_tokens": 0, "completion_tokens": self._count, "total_tokens": self._count}


class ChatCompletions(HTTPEndpoint):
    async def post(self, request: Request) -> Response:
        try:
            asked = await Asked.by(request)
            if asked.stream:
                return StreamingResponse(Answer(asked).events(), media_type="text/event-stream")
            return JSONResponse(await Answer(asked).completion())
        except BadRequest as error:
            return JSONResponse(failure(str(error), "invalid_request_error"), status_code=400)
        except UpstreamError as error:
            return JSONResponse(failure(str(error), "upstream_error"), status_code=502)


app = Starlette(routes=[Route("/v1/chat/completions", ChatCompletions)])
