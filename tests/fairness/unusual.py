"""Ways in which a right app may look unusual: each wraps any ASGI app, and what the wrapped one means stays the same.

The file is copied beside the app that a test grades, so it imports nothing of the project.
"""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Wrapper = Callable[[App], App]

SSE = b"text/event-stream"


class Stream:
    """What one response sends, and whether it is an event stream."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.is_sse = False
        self.started = False

    async def head(self, message: Message, headers: list[tuple[bytes, bytes]]) -> None:
        kinds = [value for name, value in headers if name.lower() == b"content-type"]
        self.is_sse = any(bytes(kind).lower().startswith(SSE) for kind in kinds)
        await self.send({**message, "headers": headers})

    async def body(self, data: bytes, *, more: bool = True) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": more})


def writes(rewrite: Callable[[bytes], Iterator[bytes]], *, batch: bool = True) -> Wrapper:
    """Each piece of a body becomes the pieces that ``rewrite`` makes of it; of event streams only, unless ``batch``."""

    def wrap(app: App) -> App:
        async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
            stream = Stream(send)

            async def sends(message: Message) -> None:
                match message:
                    case {"type": "http.response.start"}:
                        await stream.head(message, [(bytes(name), bytes(value)) for name, value in message["headers"]])
                    case {"type": "http.response.body"} if batch or stream.is_sse:
                        for number, piece in enumerate(rewrite(message.get("body", b"")), start=1):
                            await stream.body(piece)
                            if number % 10 == 0:  # many pieces take long, and the contract bounds that
                                await asyncio.sleep(0)
                        if not message.get("more_body", False):
                            await stream.body(b"", more=False)
                    case _:
                        await send(message)

            await app(scope, receive, sends if scope["type"] == "http" else send)

        return wrapped

    return wrap


def events(rewrite: Callable[[bytes], bytes]) -> Wrapper:
    """Each piece of an event stream, which is one event here or one comment, becomes another spelling of it."""
    return writes(lambda data: iter((rewrite(data),)) if data else iter(()), batch=False)


def heads(rewrite: Callable[[list[tuple[bytes, bytes]]], list[tuple[bytes, bytes]]]) -> Wrapper:
    """The header fields of each response are changed."""

    def wrap(app: App) -> App:
        async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
            async def sends(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message = {**message, "headers": rewrite([(bytes(n), bytes(v)) for n, v in message["headers"]])}
                await send(message)

            await app(scope, receive, sends)

        return wrapped

    return wrap


# -- where the writes are cut ---------------------------------------------------------------------------------------


def _odd_pieces(data: bytes) -> Iterator[bytes]:
    sizes = (1, 2, 3, 5, 7, 11, 13)
    start = turn = 0
    while start < len(data):
        yield data[start : start + sizes[turn % len(sizes)]]
        start, turn = start + sizes[turn % len(sizes)], turn + 1


every_byte_alone = writes(lambda data: (data[at : at + 1] for at in range(len(data))))
odd_pieces = writes(_odd_pieces)
empty_writes = writes(lambda data: iter((b"", data, b"", b"")))
line_by_line = writes(lambda data: iter(data.splitlines(keepends=True)))


# -- line ends, fields, comments ------------------------------------------------------------------------------------

DATA = re.compile(rb"^data: ?(.*)$", re.MULTILINE)


def _each_line(line: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: b"\n".join(line(each) for each in data.split(b"\n"))


def _each_json(spell: Callable[[Any], str]) -> Callable[[bytes], bytes]:
    """The JSON of each data line is spelt differently, on as many lines as that needs."""

    def respell(found: re.Match[bytes]) -> bytes:
        try:
            value = json.loads(found[1])
        except ValueError:  # [DONE]
            return found[0]
        return b"\n".join(b"data: " + line.encode() for line in spell(value).split("\n"))

    return lambda data: DATA.sub(respell, data)


def _mixed(data: bytes) -> bytes:
    ends = (b"\r\n", b"\n", b"\r")
    lines = data.split(b"\n")
    return b"".join(line + ends[at % 3] for at, line in enumerate(lines[:-1])) + lines[-1]


def _more_keys(value: Any) -> Any:
    return {**value, "x_trace": {"span": 1}} if isinstance(value, dict) else value


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return value


def _data_first(data: bytes) -> bytes:
    lines = data.removesuffix(b"\n\n").split(b"\n")
    others = [line for line in lines if not line.startswith(b"data")]
    return b"\n".join([*(line for line in lines if line.startswith(b"data")), *others]) + b"\n\n"


crlf = events(lambda data: data.replace(b"\n", b"\r\n"))
cr = events(lambda data: data.replace(b"\n", b"\r"))
mixed_line_ends = events(_mixed)
no_space_after_the_colon = events(_each_line(lambda line: re.sub(rb"^(data|event|id|retry): ", rb"\1:", line)))
comments_between_fields = events(_each_line(lambda line: b": between\n" + line if line.startswith(b"data") else line))
comments_before_and_after = events(lambda data: b": before\n\n" + data + b":after\n\n:\n\n")
unknown_fields = events(_each_line(lambda line: b"x-trace: 1\nnobody:\n" + line if line.startswith(b"data") else line))
data_before_the_rest = events(_data_first)
blank_lines_more = events(lambda data: b"\n\n" + data + b"\n\n\n")
json_on_many_lines = events(_each_json(lambda value: json.dumps(value, indent=2)))
json_in_utf_8 = events(_each_json(lambda value: json.dumps(value, ensure_ascii=False)))
json_without_blanks = events(_each_json(lambda value: json.dumps(value, separators=(",", ":"))))
json_backwards = events(_each_json(lambda value: json.dumps(_backwards(value))))
json_with_more_keys = events(_each_json(lambda value: json.dumps(_more_keys(value))))


def _first(before: bytes) -> Wrapper:
    """Something stands before the first byte of an event stream."""

    def wrap(app: App) -> App:
        async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
            told = False

            def once(data: bytes) -> bytes:
                nonlocal told
                told, was = True, told
                return data if was else before + data

            await events(once)(app)(scope, receive, send)

        return wrapped

    return wrap


byte_order_mark = _first(b"\xef\xbb\xbf")
two_kilobytes_of_padding = _first(b":" + b" " * 2048 + b"\n\n")
retry_first = _first(b"retry: 1500\n\n")


# -- header fields --------------------------------------------------------------------------------------------------


def _typed(spell: Callable[[bytes], bytes]) -> Wrapper:
    return heads(lambda fields: [(n, spell(v) if n.lower() == b"content-type" else v) for n, v in fields])


charset = _typed(lambda kind: kind.split(b";")[0] + b"; charset=utf-8")
charset_oddly_spaced = _typed(lambda kind: kind.split(b";")[0].title() + b' ;\tCharset="UTF-8"')
parameters_nobody_knows = _typed(lambda kind: kind.split(b";")[0] + b';profile="a;b, c"; charset=utf-8')
upper_case_names = heads(lambda fields: [(name.upper(), value) for name, value in fields])
many_headers = heads(
    lambda fields: [
        *fields,
        (b"server-timing", b"app;dur=1.5"),
        (b"vary", b"accept, origin"),
        (b"set-cookie", b"a=1; Path=/"),
        (b"set-cookie", b"b=2; HttpOnly"),
        (b"x-long", b"x" * 4000),
        (b"x-latin-1", "café".encode("latin-1")),
    ]
)
connection_close = heads(lambda fields: [*fields, (b"connection", b"close")])


def _uncached(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(n, v) for n, v in fields if n.lower() != b"cache-control"] + [
        (b"Cache-Control", b"private, NO-STORE , max-age=0"),
        (b"pragma", b"no-cache"),
    ]


cache_control_at_length = heads(_uncached)


# -- how the app lives ----------------------------------------------------------------------------------------------


def slow_start(app: App) -> App:
    """Needs its time before it serves anybody."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return await app(scope, receive, send)
        await receive()
        await asyncio.sleep(0.8)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return await send({"type": "lifespan.shutdown.complete"})

    return wrapped


def no_lifespan(app: App) -> App:
    """Does not speak the lifespan protocol, and says so as ASGI has it: by an exception."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError("lifespan")
        await app(scope, receive, send)

    return wrapped


def head_and_options(app: App) -> App:
    """Answers HEAD and OPTIONS for every path, and lets browsers of all origins in."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("HEAD", "OPTIONS"):
            await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", b"GET, POST")]})
            await send({"type": "http.response.body", "body": b""})
        else:
            origin = (b"access-control-allow-origin", b"*")
            await heads(lambda fields: [*fields, origin])(app)(scope, receive, send)

    return wrapped


def many_turns(app: App) -> App:
    """Takes dozens of turns of the loop before each write, as deep stacks of middleware do."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        async def sends(message: Message) -> None:
            for _ in range(50):
                await asyncio.sleep(0)
            await send(message)

        await app(scope, receive, sends)

    return wrapped


def another_task_sends(app: App) -> App:
    """What the app sends goes through a queue with room for one message, and another task hands it on."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        queue: asyncio.Queue[Message | None] = asyncio.Queue(1)

        async def hand_on() -> None:
            while (message := await queue.get()) is not None:
                await send(message)

        task = asyncio.create_task(hand_on())
        try:
            await app(scope, receive, queue.put)
            await queue.put(None)
            await task
        finally:
            task.cancel()

    return wrapped


def compressed(app: App) -> App:
    """Compresses what clients accept in gzip, and flushes after each piece, so that nothing is held back."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        accepted = dict(scope.get("headers", ())).get(b"accept-encoding", b"")
        stream, packer = Stream(send), zlib.compressobj(wbits=31)

        async def sends(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
                await stream.head(message, [*kept, (b"content-encoding", b"gzip")])
                return
            more = message.get("more_body", False)
            ends = zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
            await stream.body(packer.compress(message.get("body", b"")) + packer.flush(ends), more=more)

        await app(scope, receive, sends if b"gzip" in accepted else send)

    return wrapped


def clock_of_its_own(app: App) -> App:
    """A task of the app looks at the clock every half second, and gives nothing up."""

    async def look() -> None:
        while True:
            await asyncio.sleep(0.5)

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        task = asyncio.create_task(look())
        try:
            await app(scope, receive, send)
        finally:
            task.cancel()

    return wrapped


def talkative(app: App) -> App:
    """Prints a lot about everything that it does, in colours."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        async def sends(message: Message) -> None:
            print("\x1b[31msending\x1b[0m", message, "x" * 10_000, flush=True)  # noqa: T201
            await send(message)

        await app(scope, receive, sends)

    return wrapped


def heartbeats_all_the_time(app: App) -> App:
    """Sends comments at its own pace beside what the app sends, from the first byte of a stream to its last."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        stream, lock = Stream(send), asyncio.Lock()
        beating: asyncio.Task[None] | None = None

        async def beat() -> None:
            while True:
                await asyncio.sleep(0.01)
                async with lock:
                    await stream.body(b": beat\n\n")

        async def sends(message: Message) -> None:
            nonlocal beating
            async with lock:
                if message["type"] == "http.response.start":
                    await stream.head(message, [(bytes(n), bytes(v)) for n, v in message["headers"]])
                    if stream.is_sse:
                        beating = asyncio.create_task(beat())
                    return
                if beating is not None and not message.get("more_body", False):
                    beating.cancel()
                await send(message)

        try:
            await app(scope, receive, sends if scope["type"] == "http" else send)
        finally:
            if beating is not None:
                beating.cancel()

    return wrapped
