"""The query is split, but never percent-decoded, so `%74rue` is no `true`.

Fails: the_query_alone_decides_the_mode, every_number_of_steps_is_done
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from grader.kit import UpstreamError, upstream

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])  # the server takes this as "no lifespan here"
    if scope["path"] != "/tasks":
        return await answer(send, 404, {"title": "Not Found", "status": 404})
    if scope["method"] != "POST":
        return await answer(send, 405, {"title": "Method Not Allowed", "status": 405}, (b"allow", b"POST"))
    try:
        task, steps = read_task(await read_body(receive))
        query = dict(field.partition("=")[::2] for field in scope["query_string"].decode("ascii").split("&"))
        heartbeat = float(query.get("heartbeat", "15"))
    except ValueError as error:
        return await answer(send, 422, {"title": "Unprocessable", "status": 422, "detail": str(error)})
    if query.get("stream") == "true":
        return await stream(receive, send, task, steps, heartbeat)
    return await batch(send, task, steps)


async def read_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def read_task(body: bytes) -> tuple[str, int]:
    match json.loads(body):  # what is not JSON is a ValueError, too
        case {"task": str(task), "steps": int(steps)} if 1 <= steps <= 1000:
            return task, steps
    raise ValueError("a task, and a number of steps from 1 to 1000, are needed")


async def batch(send: Send, task: str, steps: int) -> None:
    items = upstream(task)
    try:
        outcomes = [await anext(items) for _ in range(steps)]
    except UpstreamError as error:
        return await answer(send, 502, {"title": "Bad Gateway", "status": 502, "detail": str(error)})
    return await answer(send, 200, {"outcomes": outcomes})


async def stream(receive: Receive, send: Send, task: str, steps: int, heartbeat: float) -> None:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    leaving = asyncio.ensure_future(receive())  # the body has been read: all that can come is http.disconnect
    working = asyncio.ensure_future(work(send, task, steps, heartbeat))
    try:
        await asyncio.wait({leaving, working}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        working.cancel()


async def work(send: Send, task: str, steps: int, heartbeat: float) -> None:
    outcomes: list[str] = []
    items = upstream(task)
    await write(send, b"retry:3000\n\n")
    try:
        for done in range(1, steps + 1):
            outcomes.append(await pull_with_heartbeat(anext(items), send, heartbeat))
            await event(send, f"progress\nid:{done}", {"done": done, "total": steps, "percent": 100 * done // steps})
        await event(send, "result", {"outcomes": outcomes})
    except UpstreamError as error:
        await event(send, "error", {"detail": str(error), "done": len(outcomes)})
    finally:
        await items.aclose()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def pull_with_heartbeat(pull: Awaitable[str], send: Send, heartbeat: float) -> str:
    async def beat() -> None:
        while True:
            await asyncio.sleep(heartbeat)
            await write(send, b":\n\n")

    beating = asyncio.ensure_future(beat())
    try:
        return await pull
    finally:
        beating.cancel()


async def event(send: Send, name: str, payload: object) -> None:
    await write(send, f"event:{name}\ndata:{json.dumps(payload)}\n\n".encode())


async def write(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def answer(send: Send, status: int, payload: object, *more: tuple[bytes, bytes]) -> None:
    body = json.dumps(payload).encode()
    kind = b"application/json" if status == 200 else b"application/problem+json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
