"""Kata 3 in Litestar: an ASGI handler, which validates with msgspec itself, and writes each event with `send`."""

import itertools
import json
import secrets
import time
from typing import Annotated, Any, Literal

import anyio
import msgspec
from litestar import Litestar, Request, Response, asgi
from litestar.exceptions import HTTPException, MethodNotAllowedException, ValidationException
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from grader.kit import Items, UpstreamError, upstream

RUN = secrets.token_hex(8)
COUNT = itertools.count(1)


class Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class StreamOptions(msgspec.Struct):
    include_usage: Any = None


class Body(msgspec.Struct):
    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    stream: bool = False
    stream_options: StreamOptions | None = None


def parse(raw: bytes) -> Body:
    """In two steps: when msgspec decodes straight into a struct, it skips unknown keys, even if they are not UTF-8."""
    return msgspec.convert(msgspec.json.decode(raw), Body)


class Completion:
    def __init__(self, body: Body) -> None:
        self.body = body
        self.count = 0
        self.id = f"chatcmpl-{RUN}-{next(COUNT)}"
        self.created = int(time.time())

    def document(self, kind: str, choice: dict[str, Any] | None, usage: bool) -> bytes:
        document: dict[str, Any] = {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.body.model,
            "choices": [] if choice is None else [{"index": 0, **choice}],
        }
        if usage:
            prompt = sum(len(message.content.split()) for message in self.body.messages)
            document["usage"] = {
                "prompt_tokens": prompt,
                "completion_tokens": self.count,
                "total_tokens": prompt + self.count,
            }
        return json.dumps(document).encode()

    def chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
        return self.document("chat.completion.chunk", {"delta": delta, "finish_reason": finish_reason}, usage=False)

    async def batch(self, tokens: Items) -> bytes:
        texts = [token async for token in tokens]
        self.count = len(texts)
        message = {"role": "assistant", "content": "".join(texts)}
        return self.document("chat.completion", {"message": message, "finish_reason": "stop"}, usage=True)

    async def stream(self, tokens: Items, send: Send) -> None:
        async def event(data: bytes) -> None:
            await send({"type": "http.response.body", "body": b"data: %b\n\n" % data, "more_body": True})

        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")],
            }
        )
        first = {"role": "assistant"}  # goes with the first token, or with the end
        try:
            async for token in tokens:
                self.count += 1
                await event(self.chunk({**first, "content": token}))
                first = {}
        except UpstreamError as error:
            await event(error_object(str(error), "server_error"))
        else:
            if first:
                await event(self.chunk({**first, "content": ""}))
            await event(self.chunk({}, "stop"))
            options = self.body.stream_options
            if options is not None and options.include_usage is True:
                await event(self.document("chat.completion.chunk", None, usage=True))
            await event(b"[DONE]")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def cancel_at_disconnect(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


@asgi("/v1/chat/completions", copy_scope=True)
async def chat_completions(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] != "POST":  # an ASGI handler gets every method
        raise MethodNotAllowedException
    try:
        body = parse(await read(receive))
    except msgspec.DecodeError as error:  # a ValidationError is a DecodeError
        raise ValidationException(str(error)) from error
    completion = Completion(body)
    async with upstream(body.messages[-1].content) as tokens:
        if not body.stream:
            response = ASGIResponse(body=await completion.batch(tokens), media_type="application/json")
            await response(scope, receive, send)
            return
        async with anyio.create_task_group() as group:
            group.start_soon(cancel_at_disconnect, receive, group.cancel_scope)
            await completion.stream(tokens, send)
            group.cancel_scope.cancel()


async def read(receive: Receive) -> bytes:
    """`Request.body` needs a route handler of the HTTP kind, which knows how large a body may be."""
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HTTPException("the client has left", status_code=400)
        parts += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(parts)


def error_object(message: str, kind: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": kind}}).encode()


def error_response(request: Request, error: Exception) -> Response:
    if isinstance(error, UpstreamError):
        status, content = 502, error_object(str(error), "server_error")
    elif isinstance(error, HTTPException):
        status, content = error.status_code, error_object(error.detail, "invalid_request_error")
    else:
        status, content = 500, error_object("internal error", "server_error")
    return Response(content, status_code=status, media_type="application/json")


app = Litestar([chat_completions], exception_handlers={Exception: error_response})
