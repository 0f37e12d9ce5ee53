"""Style: a pure ASGI application object; the events are written in small pieces without any wait between them.

Liberty: a send ends anywhere: in the middle of a field name, of a UTF-8 sequence, of the blank line. Between two pulls
all of an event is sent.
    "Each event is sent at once: it reaches the client before the next chunk exists."
"""

import asyncio
import json
from contextlib import suppress
from urllib.parse import parse_qsl

from grader.kit import UpstreamError, upstream

PIECES = 7


class Writer:
    def __init__(self, send) -> None:
        self._send = send

    async def head(self, status: int, *headers: tuple[bytes, bytes]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def pieces(self, data: bytes) -> None:
        size = max(1, -(-len(data) // PIECES))
        for at in range(0, len(data), size):
            await self._send({"type": "http.response.body", "body": data[at : at + size], "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def document(self, status: int, value: object) -> None:
        await self.head(status, (b"content-type", b"application/json; charset=utf-8"))
        await self.pieces(json.dumps(value, ensure_ascii=False).encode("utf-8"))
        await self.end()


class Application:
    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError("no lifespan")
        writer = Writer(send)
        if (scope["method"], scope["path"]) != ("GET", "/generate"):
            return await writer.document(404, {"detail": "not here"})
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        match query:
            case {"prompt": prompt, "stream": "true"}:
                await self.until_gone(receive, self.stream(writer, prompt))
            case {"prompt": prompt, "stream": "false"}:
                await self.batch(writer, prompt)
            case {"stream": _}:
                await writer.document(422, {"detail": "stream: true or false"})
            case {"prompt": prompt}:
                await self.batch(writer, prompt)
            case _:
                await writer.document(422, {"detail": "prompt: missing"})

    async def until_gone(self, receive, coroutine) -> None:
        task = asyncio.ensure_future(coroutine)

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            task.cancel()

        watcher = asyncio.ensure_future(watch())
        try:
            with suppress(asyncio.CancelledError):
                await task
        finally:
            task.cancel()
            watcher.cancel()

    async def batch(self, writer: Writer, prompt: str) -> None:
        try:
            chunks = [chunk async for chunk in upstream(prompt)]
        except UpstreamError as error:
            await writer.document(502, {"detail": str(error)})
        else:
            await writer.document(200, {"chunks": chunks})

    async def stream(self, writer: Writer, prompt: str) -> None:
        async with upstream(prompt) as items:
            try:
                text = await anext(items, None)
            except UpstreamError as error:
                return await writer.document(502, {"detail": str(error)})
            await writer.head(200, (b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"))
            index = 0
            while text is not None:
                data = json.dumps({"index": index, "text": text}, ensure_ascii=False)
                await writer.pieces(f"data: {data}\r\n\r\n".encode())
                index += 1
                text = await anext(items, None)
            await writer.pieces(f'event: done\r\ndata: {{"chunks": {index}}}\r\n\r\n'.encode())
            await writer.end()


app = Application()
