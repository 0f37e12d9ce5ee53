"""Style: raw ASGI with hand-written query parsing, CR line endings, an explicit watch for `http.disconnect`.

Liberty: each stream begins with a byte order mark.
    "Its format is that of WHATWG HTML 9.2.5" (whose grammar is `stream = [ bom ] *event`).
"""

import asyncio
import json
from urllib.parse import unquote_to_bytes

from grader.kit import UpstreamError, upstream

BOM = b"\xef\xbb\xbf"


def parse_query(raw: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for pair in raw.split(b"&"):
        name, _, value = pair.partition(b"=")
        decoded = [unquote_to_bytes(part.replace(b"+", b" ")).decode("utf-8", "replace") for part in (name, value)]
        fields.setdefault(decoded[0], decoded[1])
    return fields


async def reply(send, status: int, document: object) -> None:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def stream_out(send, prompt: str) -> None:
    async with upstream(prompt) as chunks:
        count = 0
        try:
            text = await anext(chunks, None)
        except UpstreamError as error:
            return await reply(send, 502, {"detail": str(error)})
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")],
            }
        )
        prefix = BOM
        while text is not None:
            data = json.dumps({"text": text, "index": count}, ensure_ascii=False).encode()
            await send({"type": "http.response.body", "body": prefix + b"data: " + data + b"\r\r", "more_body": True})
            prefix = b""
            count += 1
            text = await anext(chunks, None)
        body = prefix + b'event: done\rdata: {"chunks": %d}\r\r' % count
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def gone(receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def generate(scope, receive, send) -> None:
    query = parse_query(scope["query_string"])
    mode = query.get("stream", "false")
    if mode not in {"true", "false"} or "prompt" not in query:
        return await reply(send, 422, {"detail": "bad query"})
    if mode == "false":
        try:
            chunks = [chunk async for chunk in upstream(query["prompt"])]
        except UpstreamError as error:
            return await reply(send, 502, {"detail": str(error)})
        return await reply(send, 200, {"chunks": chunks})
    work = asyncio.create_task(stream_out(send, query["prompt"]))
    watch = asyncio.create_task(gone(receive))
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watch.cancel()
        work.cancel()
    try:
        await work
    except asyncio.CancelledError:
        pass


async def app(scope, receive, send) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "http":
        if scope["path"] != "/generate":
            await reply(send, 404, {"detail": "Not Found"})
        elif scope["method"] != "GET":
            await reply(send, 405, {"detail": "Method Not Allowed"})
        else:
            await generate(scope, receive, send)
