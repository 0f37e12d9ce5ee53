"""Style: a bare ASGI function; a byte order mark, CR line ends, sends that end in the middle of a line.

Liberty: a batch is sent piece by piece while its chunks come, and is cut off where the upstream fails then.
"""

import asyncio
import json
from urllib.parse import parse_qs

from grader.kit import UpstreamError, upstream

YES = {"true", "1", "yes"}
NO = {"false", "0", "no", ""}
END = object()


async def gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def plain(send, status, document):
    body = json.dumps(document).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def part(send, data, more=True):
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def as_stream(send, first, chunks):
    head = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-style", b"cr")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await part(send, b"\xef\xbb\xbf:a comment\rretry:7000\r")
    count, chunk = 0, first
    while chunk is not END:
        frame = b"data:" + json.dumps({"index": count, "text": chunk}, separators=(",", ":")).encode() + b"\r\r"
        await part(send, frame[:3])  # "dat"
        await part(send, frame[3 : len(frame) // 2])
        await part(send, frame[len(frame) // 2 :])
        count += 1
        chunk = await anext(chunks, END)
    await part(send, b'event:done\rdata:{"chunks":%d}\r\r' % count, more=False)


async def as_batch(send, first, chunks):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await part(send, b' {"chunks" :\r\n[')
    chunk, comma = first, b""
    while chunk is not END:
        await part(send, comma + json.dumps(chunk).encode())
        comma = b" ,\n"
        chunk = await anext(chunks, END)
    await part(send, b"]\t}\n", more=False)


async def answer(prompt, streams, send):
    async with upstream(prompt) as chunks:
        try:
            first = await anext(chunks, END)
        except UpstreamError as error:
            return await plain(send, 502, {"detail": str(error)})
        await (as_stream if streams else as_batch)(send, first, chunks)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] != "http":
        return
    if scope["path"] != "/generate":
        return await plain(send, 404, {"detail": "no such path"})
    if scope["method"] != "GET":
        return await plain(send, 405, {"detail": "only GET"})
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    mode = query.get("stream", ["false"])[-1].lower()
    if "prompt" not in query or mode not in YES | NO:
        return await plain(send, 422, {"detail": "bad query"})
    work = asyncio.ensure_future(answer(query["prompt"][-1], mode in YES, send))
    left = asyncio.ensure_future(gone(receive))
    try:
        await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        work.cancel()
        left.cancel()
        await asyncio.gather(work, left, return_exceptions=True)
