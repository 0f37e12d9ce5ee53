"""Raw ASGI: whole numbers as 1.0, each field twice, blocks without data, a comment of 2 KiB, an id on every event."""

import asyncio
import json
from urllib.parse import parse_qsl

from grader.kit import UpstreamError, upstream


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    raw, more = b"", True
    while more:
        message = await receive()
        raw, more = raw + message.get("body", b""), message.get("more_body", False)
    query = dict(parse_qsl(scope["query_string"].decode()))

    async def start(status, kind):
        headers = [(b"Content-Type", kind), (b"Connection", b"close"), (b"Set-Cookie", b"a=b")]
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(data, more=True):
        await send({"type": "http.response.body", "body": data, "more_body": more})

    try:
        document = json.loads(raw)
        task, steps = document["task"], document["steps"]
        steps = int(steps) if isinstance(steps, (int, str)) or steps == int(steps) else 0
        if not isinstance(task, str) or not task or not 1 <= steps <= 1000:
            raise ValueError
    except (ValueError, TypeError, LookupError):
        await start(422, b"application/problem+json; charset=utf-8")
        await body(b"{}", False)
        return
    items, texts = upstream(task), []
    if query.get("stream") != "true":
        try:
            texts = [await anext(items) for _ in range(steps)]
        except UpstreamError as error:
            await start(502, b"Application/Problem+JSON")
            text = {"status": 502.0, "title": "\u00a0", "detail": f"<< {error} >>", "errors": [{"detail": None}]}
            await body(json.dumps(text).encode(), False)
            return
        finally:
            await items.aclose()
        await start(200, b"application/json")
        await body(b" " + json.dumps({"outcomes": texts, "error": None}, indent=3).encode() + b"\n", False)
        return

    def event(kind, data, number):
        lines = json.dumps(data, indent=0).split("\n")
        text = (
            "".join(f"data:{line}\n" for line in lines[:1])
            + f"data\nid:nothing\nevent: nothing\nretry:{100 + number}\n"
        )
        return (text + "".join(f"data: {line}\n" for line in lines[1:]) + f"event:{kind}\nid:{number}\n\n").encode()

    async def work():
        await start(200, b"text/event-stream")
        await body(b":" + b" " * 2048 + b"\nevent: nothing\n\n")
        step = None
        try:
            for n in range(steps):
                step = asyncio.create_task(items.__anext__())
                while not step.done():
                    await asyncio.wait([step], timeout=float(query.get("heartbeat", 15)))
                    if not step.done():
                        await body(b":event: progress\n\n")
                texts.append(step.result())
                await asyncio.sleep(0.01)
                percent = 100.0 * (n + 1) / steps
                await body(event("progress", {"done": float(n + 1), "total": float(steps), "percent": percent}, n + 1))
            await body(event("result", {"outcomes": texts, "done": steps}, n + 1), False)
        except UpstreamError as error:
            await body(
                event(
                    "error", {"detail": f"<< {error} >>", "done": float(len(texts)), "outcomes": texts[:1]}, len(texts)
                ),
                False,
            )
        finally:
            if step is not None:
                step.cancel()
            await items.aclose()

    worker, ear = asyncio.create_task(work()), asyncio.create_task(receive())
    await asyncio.wait([worker, ear], return_when=asyncio.FIRST_COMPLETED)
    ear.cancel()
    worker.cancel()
    await asyncio.wait([worker, ear])
