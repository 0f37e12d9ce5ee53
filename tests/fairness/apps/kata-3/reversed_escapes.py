"""Style: Starlette with dataclasses and an encoder of its own, in bytes, in the manner of msgspec; compact.

Liberty: no space after the colon of a field, the JSON keys in reverse order, and each character of a token as \\uXXXX.
    "You choose the order of JSON keys, spaces in JSON"; "as JSON in its data" (RFC 8259, 7: any character may be
    escaped).
"""

import json
import random
import time
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from grader.kit import UpstreamError, upstream


def text(value: str) -> bytes:
    digits = value.encode("utf-16-be", "surrogatepass").hex().encode()
    out = bytearray(len(digits) // 4 * 6)
    out[0::6] = b"\\" * (len(out) // 6)
    out[1::6] = b"u" * (len(out) // 6)
    for place in range(4):
        out[2 + place :: 6] = digits[place::4]
    return b'"%b"' % bytes(out)


@dataclass(slots=True)
class Chat:
    model: str
    messages: list[tuple[str, str]]
    stream: bool
    include_usage: bool
    id: str = field(default_factory=lambda: f"{random.SystemRandom().getrandbits(64):016x}")

    @classmethod
    def decode(cls, raw: bytes) -> "Chat":
        body = json.loads(raw.decode("utf-8"))
        if not isinstance(body, dict):
            raise TypeError("not an object")
        options = body.get("stream_options")
        chat = cls(
            body["model"],
            [(message["role"], message["content"]) for message in body["messages"]],
            body.get("stream", False),
            options is not None and options.get("include_usage") is True,
        )
        texts = [chat.model, *(part for message in chat.messages for part in message)]
        if not all(isinstance(part, str) for part in texts) or not isinstance(body["messages"], list):
            raise TypeError("not a string")
        if not chat.messages or not isinstance(chat.stream, bool):
            raise ValueError("no messages, or a stream that is neither true nor false")
        return chat

    def usage(self, count: int) -> bytes:
        asked = len(self.messages)
        return b'{"total_tokens":%d,"prompt_tokens":%d,"completion_tokens":%d}' % (asked + count, asked, count)

    def tail(self, kind: bytes) -> bytes:
        return b'"model":%b,"created":%d,"object":"%b","id":"%b"}' % (
            text(self.model),
            int(time.time()),
            kind,
            self.id.encode(),
        )


def choice(delta: bytes, reason: bytes = b"null", name: bytes = b"delta") -> bytes:
    return b'"choices":[{"finish_reason":%b,"%b":{%b},"index":0}],' % (reason, name, delta)


def error(message: str, kind: bytes) -> bytes:
    return b'{"error":{"type":"%b","message":%b}}' % (kind, text(message))


async def events(chat: Chat):
    tail = chat.tail(b"chat.completion.chunk")
    count, role = 0, b',"role":"assistant"'
    async with upstream(chat.messages[-1][1]) as tokens:
        try:
            async for token in tokens:
                yield b"data:{%b%b\n\n" % (choice(b'"content":%b%b' % (text(token), role)), tail)
                count, role = count + 1, b""
        except UpstreamError as failure:
            yield b"data:%b\n\n" % error(str(failure), b"upstream_error")
            return
    if role:
        yield b"data:{%b%b\n\n" % (choice(b'"content":""' + role), tail)
    yield b"data:{%b%b\n\n" % (choice(b"", b'"stop"'), tail)
    if chat.include_usage:
        yield b'data:{"usage":%b,"choices":[],%b\n\n' % (chat.usage(count), tail)
    yield b"data:[DONE]\n\n"


async def complete(request: Request) -> Response:
    try:
        chat = Chat.decode(await request.body())
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as fault:
        content = error(f"{type(fault).__name__}: {fault}", b"invalid_request_error")
        return Response(content, 400, media_type="application/json")
    if chat.stream:
        return StreamingResponse(events(chat), headers={"content-type": "text/event-stream"})
    try:
        tokens = [token async for token in upstream(chat.messages[-1][1])]
    except UpstreamError as failure:
        return Response(error(str(failure), b"upstream_error"), 502, media_type="application/json")
    message = b'"content":%b,"role":"assistant"' % text("".join(tokens))
    content = b'{"usage":%b,%b%b' % (
        chat.usage(len(tokens)),
        choice(message, b'"stop"', b"message"),
        chat.tail(b"chat.completion"),
    )
    return Response(content, media_type="application/json")


app = Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])
