"""Kata 3 with Quart: a MethodView, pydantic models, the blocking upstream in threads, a ResponseBody that closes it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Literal, Self
from uuid import uuid4

from pydantic import BaseModel, Field, StrictBool, StrictStr, ValidationError
from quart import Blueprint, Quart, Response, jsonify, request
from quart.utils import run_sync
from quart.views import MethodView
from quart.wrappers.response import ResponseBody
from werkzeug.exceptions import HTTPException, UnprocessableEntity

from grader.kit import UpstreamError, blocking_upstream


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: StrictStr


class StreamOptions(BaseModel):
    include_usage: Any = False


class Body(BaseModel):
    model: StrictStr
    messages: list[Message] = Field(min_length=1)
    stream: StrictBool | None = None
    stream_options: StreamOptions | None = None

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage is True


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int = 0
    total_tokens: int = 0

    def count_token(self) -> None:
        self.completion_tokens += 1
        self.total_tokens = self.prompt_tokens + self.completion_tokens


class Delta(BaseModel):
    role: Literal["assistant"] | None = None
    content: str | None = None


class Choice(BaseModel):
    index: int = 0
    delta: Delta
    finish_reason: Literal["stop"] | None = None

    def dump(self) -> dict[str, Any]:
        return {**self.model_dump(exclude={"delta"}), "delta": self.delta.model_dump(exclude_none=True)}


class Tokens:
    """The tokens of one completion, from the blocking upstream. A pull that is cancelled frees its thread at once."""

    def __init__(self, prompt: str) -> None:
        self._items = blocking_upstream(prompt)
        self._pull = run_sync(next)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        try:
            token = await self._pull(self._items, None)  # a StopIteration would not pass through a future
        except asyncio.CancelledError:
            self.close()
            raise
        if token is None:
            raise StopAsyncIteration
        return token

    def close(self) -> None:
        self._items.close()


class EventBody(ResponseBody):
    """A response body of Server-Sent Events: Quart leaves it, and closes the tokens, also when the client leaves."""

    def __init__(self, completion: "Completion", first: str | None) -> None:
        self._tokens = completion.tokens
        self._events = completion.events(first)

    async def __aenter__(self) -> AsyncIterator[bytes]:
        return self._events

    async def __aexit__(self, *_: object) -> None:
        self._tokens.close()
        await self._events.aclose()


def failure(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind}}


def data(value: Any) -> bytes:
    return b"data: " + Response.json_module.dumps(value).encode() + b"\n\n"


class Completion:
    def __init__(self, body: Body) -> None:
        self.body = body
        self.id = f"chatcmpl-{uuid4().hex}"
        self.created = int(time.time())
        self.tokens = Tokens(body.messages[-1].content)
        self.usage = Usage(prompt_tokens=sum(len(message.content.split()) for message in body.messages))
        self.usage.total_tokens = self.usage.prompt_tokens

    def object(self, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        head = {"id": self.id, "object": kind, "created": self.created, "model": self.body.model}
        return {**head, "choices": choices, **more}

    async def whole(self) -> dict[str, Any]:
        texts = []
        async for token in self.tokens:
            self.usage.count_token()
            texts.append(token)
        message = {"role": "assistant", "content": "".join(texts)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return self.object("chat.completion", [choice], usage=self.usage.model_dump())

    def chunk(self, delta: Delta, finish_reason: Literal["stop"] | None = None) -> bytes:
        return data(self.object("chat.completion.chunk", [Choice(delta=delta, finish_reason=finish_reason).dump()]))

    async def events(self, first: str | None) -> AsyncIterator[bytes]:
        try:
            if first is None:
                yield self.chunk(Delta(role="assistant", content=""))
            else:
                self.usage.count_token()
                yield self.chunk(Delta(role="assistant", content=first))
                async for token in self.tokens:
                    self.usage.count_token()
                    yield self.chunk(Delta(content=token))
        except UpstreamError as error:
            yield data(failure(str(error), "upstream_error"))
            return
        yield self.chunk(Delta(), "stop")
        if self.body.wants_usage:
            yield data(self.object("chat.completion.chunk", [], usage=self.usage.model_dump()))
        yield b"data: [DONE]\n\n"


api = Blueprint("openai", __name__, url_prefix="/v1")


class ChatCompletions(MethodView):
    async def post(self):
        try:
            body = Body.model_validate_json(await request.get_data())
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "body"
            raise UnprocessableEntity(f"{where}: {first['msg']}") from None
        completion = Completion(body)
        if not body.stream:
            return await completion.whole()
        first = await anext(completion.tokens, None)  # an UpstreamError here becomes a 502
        response = Response(EventBody(completion, first), content_type="text/event-stream")
        response.headers["Cache-Control"] = "no-cache"
        response.timeout = None
        return response


api.add_url_rule("/chat/completions", view_func=ChatCompletions.as_view("chat_completions"))


@api.errorhandler(UpstreamError)
async def upstream_failed(error: UpstreamError):
    return jsonify(failure(f"the model failed: {error}", "upstream_error")), 502


app = Quart(__name__)
app.config.update(RESPONSE_TIMEOUT=None, BODY_TIMEOUT=None, MAX_CONTENT_LENGTH=None)
app.register_blueprint(api)


@app.errorhandler(HTTPException)
async def http_error(error: HTTPException):
    return jsonify(failure(error.description or error.name, "invalid_request_error")), error.code
