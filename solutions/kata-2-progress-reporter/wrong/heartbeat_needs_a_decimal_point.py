"""A heartbeat of whole seconds, such as 1, is taken for the default of 15.

Fails: a_later_step_has_heartbeats_as_well
"""

import json
import re
from urllib.parse import parse_qs

import anyio

from grader.kit import UpstreamError, upstream


async def read_body(receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def parse_body(raw: bytes):
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    match body:
        case {"task": str(task), "steps": int(steps)} if task and 1 <= steps <= 1000:
            return task, steps
    return None


def parse_query(raw: bytes) -> tuple[bool, float]:
    query = parse_qs(raw.decode("latin-1"))
    seconds = re.fullmatch(r"\d*\.\d+(e-?\d+)?|\d+e-?\d+", query.get("heartbeat", [""])[-1])
    return query.get("stream", ["false"])[-1] == "true", float(seconds[0]) if seconds else 15.0


def sse(kind: str, data, number=None) -> bytes:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


async def respond(send, status: int, kind: str, document) -> None:
    content = json.dumps(document).encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def batch(send, task: str, steps: int) -> None:
    outcomes = []
    try:
        async with upstream(task) as items:
            for _ in range(steps):
                outcomes.append(await anext(items))
    except UpstreamError as error:
        problem = {"title": "The upstream failed", "status": 502, "detail": str(error)}
        await respond(send, 502, "application/problem+json", problem)
        return
    await respond(send, 200, "application/json", {"outcomes": outcomes})


async def work(task: str, steps: int, sender) -> None:
    """Do the steps; hand over each frame."""
    outcomes = []
    async with sender:
        try:
            async with upstream(task) as items:
                for done in range(1, steps + 1):
                    outcomes.append(await anext(items))
                    data = {"done": done, "total": steps, "percent": 100 * done / steps}
                    await sender.send(sse("progress", data, done))
        except UpstreamError as error:
            await sender.send(sse("error", {"detail": str(error), "done": len(outcomes)}))
        else:
            await sender.send(sse("result", {"outcomes": outcomes}))


async def stream(receive, send, task: str, steps: int, heartbeat: float) -> None:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(frame: bytes) -> None:
        await send({"type": "http.response.body", "body": frame, "more_body": True})

    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        await write(b"retry: 1500\n\n")
        sender, frames = anyio.create_memory_object_stream(0)
        group.start_soon(work, task, steps, sender)
        async with frames:
            while True:
                frame = None
                with anyio.move_on_after(heartbeat):
                    try:
                        frame = await frames.receive()
                    except anyio.EndOfStream:
                        break
                await write(frame if frame is not None else b": busy\n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        group.cancel_scope.cancel()


async def app(scope, receive, send) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] != "http":
        return
    if (scope["method"], scope["path"]) != ("POST", "/tasks"):
        await respond(send, 404, "application/json", {"detail": "not found"})
        return
    job = parse_body(await read_body(receive))
    if job is None:
        await respond(send, 422, "application/json", {"detail": "need a task and steps from 1 to 1000"})
        return
    wants_stream, heartbeat = parse_query(scope["query_string"])
    if wants_stream:
        await stream(receive, send, *job, heartbeat)
    else:
        await batch(send, *job)
