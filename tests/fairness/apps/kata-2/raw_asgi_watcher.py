"""Style: raw ASGI; body, query and SSE by hand, CR line endings, a task that watches for `http.disconnect`.

Liberty: the `retry` is a field of the first `progress` event, so a stream whose first step fails has none.
    "A `retry` field comes no later than with the first `progress` event".
"""

import asyncio
import json
from urllib.parse import parse_qs

from grader.kit import UpstreamError, upstream


class Exchange:
    def __init__(self, scope, receive, send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)

    async def body(self) -> bytes | None:
        parts = []
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                return b"".join(parts)

    async def start(self, status: int, media_type: str) -> None:
        headers = [(b"content-type", media_type.encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        await self.send({"type": "http.response.body", "body": data})

    async def json(self, status: int, value: dict, media_type: str = "application/json") -> None:
        await self.start(status, media_type)
        await self.end(json.dumps(value).encode())

    async def until_disconnect(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


def read_job(raw: bytes) -> tuple[str, int] | None:
    try:
        match json.loads(raw.decode()):
            case {"task": str(task), "steps": int(steps)} if task and 1 <= steps <= 1000:
                return task, int(steps)
    except (ValueError, RecursionError):
        pass
    return None


def event(name: str, value: dict, *fields: str) -> bytes:
    return "".join(line + "\r" for line in [*fields, f"event: {name}", f"data: {json.dumps(value)}", ""]).encode()


async def stream(exchange: Exchange, task: str, steps: int, heartbeat: float) -> None:
    outcomes = []
    await exchange.start(200, "text/event-stream")
    async with upstream(task) as items:
        step = None
        try:
            for done in range(1, steps + 1):
                step = asyncio.ensure_future(anext(items))
                while not step.done():
                    await asyncio.wait([step], timeout=heartbeat)
                    if not step.done():
                        await exchange.write(b": the step goes on\r")
                outcomes.append(step.result())
                fields = [f"id: {done}"] + ["retry: 2500"] * (done == 1)
                percent = round(100 * done / steps)
                await exchange.write(event("progress", dict(done=done, total=steps, percent=percent), *fields))
        except UpstreamError as error:
            await exchange.write(event("error", {"detail": str(error), "done": len(outcomes)}))
        else:
            await exchange.write(event("result", {"outcomes": outcomes}))
        finally:
            if step is not None:
                step.cancel()
    await exchange.end()


async def batch(exchange: Exchange, task: str, steps: int) -> None:
    items = upstream(task)
    try:
        outcomes = [await anext(items) for _ in range(steps)]
    except UpstreamError as error:
        value = {"title": "Bad Gateway", "status": 502, "detail": str(error)}
        await exchange.json(502, value, "application/problem+json")
    else:
        await exchange.json(200, {"outcomes": outcomes})
    finally:
        await items.aclose()


async def run(exchange: Exchange) -> None:
    raw = await exchange.body()
    if raw is None:
        return
    job = read_job(raw)
    try:
        heartbeat = float(exchange.query.get("heartbeat", ["15"])[-1])
    except ValueError:
        heartbeat = 0
    mode = exchange.query.get("stream", ["false"])[-1].lower()
    if job is None or not heartbeat > 0 or mode not in ("true", "false"):
        return await exchange.json(422, {"detail": "task: a text; steps: 1 to 1000"})
    if mode == "false":
        return await batch(exchange, *job)
    work = asyncio.create_task(stream(exchange, *job, heartbeat))
    watch = asyncio.create_task(exchange.until_disconnect())
    try:
        await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
    finally:
        watch.cancel()
        work.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
            await receive()
            await send({"type": answer})
        return
    exchange = Exchange(scope, receive, send)
    if scope["path"] != "/tasks":
        await exchange.json(404, {"detail": "Not Found"})
    elif scope["method"] != "POST":
        await exchange.json(405, {"detail": "Method Not Allowed"})
    else:
        await run(exchange)
