"""Kata 1 in Litestar: a Controller with a dependency, `def` handlers in threads, and a synchronous generator."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Literal

from litestar import Controller, Litestar, MediaType, Request, Response, get
from litestar.background_tasks import BackgroundTask
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.response import Stream

from grader.kit import BlockingItems, UpstreamError, blocking_upstream


def provide_chunks(prompt: str) -> BlockingItems:
    """Not a `yield` dependency: Litestar ends those before it sends the response."""
    return blocking_upstream(prompt)


def event(data: object, name: str | None = None) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def events(chunks: Iterator[str]) -> Iterator[bytes]:
    count = 0
    for chunk in chunks:
        yield event({"index": count, "text": chunk})
        count += 1
    yield event({"chunks": count}, "done")


async def close(chunks: BlockingItems) -> None:
    chunks.close()  # also ends a pull that a thread still waits in, when the client has left


def bad_gateway(request: Request, error: UpstreamError) -> Response:
    return Response({"detail": str(error)}, status_code=502, media_type=MediaType.JSON)


def unprocessable(request: Request, error: ValidationException) -> Response:
    return Response({"detail": error.detail}, status_code=422, media_type=MediaType.JSON)


class GenerateController(Controller):
    path = "/generate"
    dependencies = {"chunks": Provide(provide_chunks, sync_to_thread=False)}
    exception_handlers = {UpstreamError: bad_gateway, ValidationException: unprocessable}

    @get(sync_to_thread=True)
    def generate(self, chunks: BlockingItems, stream: Literal["true", "false"] = "false") -> Response:
        if stream == "false":
            return Response(json.dumps({"chunks": list(chunks)}).encode(), media_type=MediaType.JSON)
        first = list(next_or_nothing(chunks))  # an UpstreamError here still becomes a 502
        return Stream(
            events(chain(first, chunks)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
            background=BackgroundTask(close, chunks),
        )


def next_or_nothing(chunks: Iterator[str]) -> Iterator[str]:
    for chunk in chunks:
        yield chunk
        return


async def enough_threads() -> None:
    """Each waiting client keeps one thread of the loop's pool, which Litestar uses: by default there are few."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(128))


app = Litestar([GenerateController], on_startup=[enough_threads])
