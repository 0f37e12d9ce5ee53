"""stream=true counts only at the beginning of the query: heartbeat=0.05&stream=true gets a batch.

Fails: the_query_alone_decides_the_mode, a_long_step_is_bridged_by_a_heartbeat
"""

import asyncio
import json
import math
from urllib.parse import parse_qs

from grader.kit import UpstreamError, upstream

RETRY = b"retry: 3000\n\n"
COMMENT = b": still working\n\n"


def to_json(data):
    return json.dumps(data)  # ASCII only, so any character survives


def make_event(kind, data, number=None):
    head = f"event: {kind}\n" if number is None else f"event: {kind}\nid: {number}\n"
    return f"{head}data: {to_json(data)}\n\n".encode()


def percent_of(done, total):
    return 100 * done // total


def parse(body, stream):
    data = json.loads(body)
    if not isinstance(data, dict):
        raise ValueError("the body is not an object")
    task, steps = data.get("task"), data.get("steps")
    if not isinstance(task, str) or not task:
        raise ValueError("task must be a string that is not empty")
    if type(steps) is not int or not 1 <= steps <= 1000:
        raise ValueError("steps must be a whole number from 1 to 1000")
    return task, steps


async def read_body(receive):
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def client_gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def respond(send, status, media_type, content):
    content = content.encode()
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def refuse(send, stream, reason):
    await respond(send, 422, "application/json", to_json({"detail": reason}))


async def pull(items):
    return await anext(items)


async def collect(task, steps):
    source = upstream(task)
    items = aiter(source)
    try:
        return [await anext(items) for _ in range(steps)]
    finally:
        await source.aclose()


async def run_batch(send, task, steps, heartbeat):
    try:
        outcomes = await collect(task, steps)
    except UpstreamError as error:
        problem = {"type": "about:blank", "title": "The upstream failed", "status": 502, "detail": str(error)}
        await respond(send, 502, "application/problem+json", to_json(problem))
        return
    await respond(send, 200, "application/json", to_json({"outcomes": outcomes}))


async def run_stream(scope, receive, send, task, steps, heartbeat):
    async def write(chunk, more=True):
        await send({"type": "http.response.body", "body": chunk, "more_body": more})

    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await write(RETRY)
    gone = asyncio.ensure_future(client_gone(receive))
    source = upstream(task)
    items = aiter(source)
    step = None
    outcomes = []
    try:
        while len(outcomes) < steps:
            step = asyncio.ensure_future(pull(items))
            while not step.done():
                await asyncio.wait({step, gone}, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return
                if not step.done():
                    await write(COMMENT)
            try:
                outcomes.append(step.result())
            except UpstreamError as error:
                await write(make_event("error", {"detail": str(error), "done": len(outcomes)}))
                break
            done = len(outcomes)
            progress = {"done": done, "total": steps, "percent": percent_of(done, steps)}
            await write(make_event("progress", progress, done))
        else:
            await write(make_event("result", {"outcomes": outcomes}))
        await write(b"", more=False)
    finally:
        gone.cancel()
        if step is not None:
            step.cancel()
            await asyncio.wait({step})
            if not step.cancelled():
                step.exception()
        await source.aclose()


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    if scope["path"] != "/tasks" or scope["method"] != "POST":
        await respond(send, 404, "application/json", to_json({"detail": "there is only POST /tasks"}))
        return
    text = scope["query_string"].decode("latin-1")
    query = parse_qs(text)
    stream = text.startswith("stream=true")
    body = await read_body(receive)
    if body is None:
        return
    try:
        task, steps = parse(body, stream)
        heartbeat = float(query.get("heartbeat", ["15"])[-1])
        if not 0 < heartbeat < math.inf:
            raise ValueError("heartbeat must be more than 0")
    except (ValueError, RecursionError) as error:
        await refuse(send, stream, str(error))
        return
    if stream:
        await run_stream(scope, receive, send, task, steps, heartbeat)
    else:
        await run_batch(send, task, steps, heartbeat)
