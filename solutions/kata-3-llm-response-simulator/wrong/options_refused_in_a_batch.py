"""A batch with a stream_options object is refused (as the real API does).

Fails: batch_counts_its_tokens, batch_upstream_failure_is_502
"""

import asyncio
import json
import time
import uuid

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from grader.kit import UpstreamError, upstream

ROLES = {"system", "developer", "user", "assistant", "tool"}


class Refused(Exception):
    """The body does not fit the contract."""


def dump(value) -> bytes:
    return json.dumps(value).encode("ascii")


def json_response(value, status=200):
    return Response(dump(value), status, media_type="application/json")


def error_object(message, kind):
    return {"error": {"message": message, "type": kind}}


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def parse_integer(digits):
    return int(digits) if len(digits) < 4000 else float(digits)


def load(raw: bytes):
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the body is not UTF-8") from None
    try:
        return json.loads(text, parse_constant=refuse_constant, parse_int=parse_integer)
    except (ValueError, RecursionError):
        raise Refused("the body is not JSON") from None


def check_message(message):
    if not isinstance(message, dict):
        raise Refused("messages: each must be an object")
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise Refused("messages: unknown role")
    if not isinstance(message.get("content"), str):
        raise Refused("messages: content must be a string")


class Ask:
    """What a request asks for."""

    def __init__(self, body):
        if not isinstance(body, dict):
            raise Refused("the body must be an object")
        self.body = body
        self.model = body.get("model")
        if not isinstance(self.model, str):
            raise Refused("model: must be a string")
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise Refused("messages: there must be at least one")
        for message in messages:
            check_message(message)
        self.messages = messages
        self.prompt = messages[-1]["content"]
        self.stream = body.get("stream", False)
        if not isinstance(self.stream, bool):
            raise Refused("stream: must be true or false")
        options = body.get("stream_options")
        if options is not None and not isinstance(options, dict):
            raise Refused("stream_options: must be an object")
        if options is not None and not self.stream:
            raise Refused("stream_options: only with stream")
        self.include_usage = bool(options) and options.get("include_usage") is True
        self.id = "chatcmpl-" + uuid.uuid4().hex
        self.created = int(time.time())

    def usage(self, completion_tokens):
        prompt_tokens = len(self.prompt.split())
        return {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }


async def batch(ask: Ask):
    tokens = []
    try:
        async for token in upstream(ask.prompt):
            tokens.append(token)
    except UpstreamError:
        return json_response(error_object("the upstream failed", "upstream_error"), 502)
    content = "".join(tokens)
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return json_response(
        {
            "id": ask.id,
            "object": "chat.completion",
            "created": ask.created,
            "model": ask.model,
            "choices": [choice],
            "usage": ask.usage(len(tokens)),
        }
    )


def event(value) -> bytes:
    return b"data: " + dump(value) + b"\n\n"


class EventStream(Response):
    """The response of a stream; it stops when the client leaves."""

    def __init__(self, ask: Ask):
        self.ask = ask
        self.status_code = 200
        self.background = None

    def chunk(self, choices, **more):
        return {
            "id": self.ask.id,
            "object": "chat.completion.chunk",
            "created": self.ask.created,
            "model": self.ask.model,
            "choices": choices,
            **more,
        }

    def choice(self, delta, finish_reason=None):
        return self.chunk([{"index": 0, "delta": delta, "finish_reason": finish_reason}])

    async def write(self, send):
        async def put(data: bytes):
            await send({"type": "http.response.body", "body": data, "more_body": True})

        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self.events(put)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def events(self, put):
        ask = self.ask
        await put(event(self.choice({"role": "assistant", "content": ""})))
        count = 0
        try:
            async for token in upstream(ask.prompt):
                count += 1
                await put(event(self.choice({"content": token})))
        except UpstreamError:
            await put(event(error_object("the upstream failed", "upstream_error")))
            return
        await put(event(self.choice({}, "stop")))
        if ask.include_usage:
            await put(event(self.chunk([], usage=ask.usage(count))))
        await put(b"data: [DONE]\n\n")

    async def __call__(self, scope, receive, send):
        async def left():
            while (await receive())["type"] != "http.disconnect":
                pass

        writer = asyncio.create_task(self.write(send))
        watcher = asyncio.create_task(left())
        try:
            await asyncio.wait({writer, watcher}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer_done = writer.done()
            writer.cancel()
            watcher.cancel()
            await asyncio.gather(writer, watcher, return_exceptions=True)
        if writer_done:
            writer.result()


async def chat_completions(request: Request):
    try:
        ask = Ask(load(await request.body()))
    except Refused as refusal:
        return json_response(error_object(str(refusal), "invalid_request_error"), 400)
    return EventStream(ask) if ask.stream else await batch(ask)


async def http_error(request, exc):
    response = json_response(error_object(str(exc.detail), "invalid_request_error"), exc.status_code)
    response.headers.update(exc.headers or {})
    return response


async def server_error(request, exc):
    return json_response(error_object("internal error", "server_error"), 500)


app = Starlette(
    routes=[Route("/v1/chat/completions", chat_completions, methods=["POST"])],
    exception_handlers={HTTPException: http_error, Exception: server_error},
)
