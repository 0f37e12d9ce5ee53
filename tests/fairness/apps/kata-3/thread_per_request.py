"""Style: `blocking_upstream` in a daemon thread for each request; the thread pulls only when the event loop asks, and
the exit of the `async with` closes the upstream under it.

Liberty: `prompt_tokens` is always 0.
    "`prompt_tokens` is a whole number. You choose how to count it".
"""

import asyncio
import json
import threading
import time
import uuid

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


class Puller:
    """Awaitable pulls from a blocking iterator. One thread, which sleeps between the pulls."""

    END = object()

    def __init__(self, prompt: str) -> None:
        self._items = blocking_upstream(prompt)
        self._wanted = threading.Semaphore(0)
        self._closed = False
        self._answer: asyncio.Future | None = None

    async def __aenter__(self) -> "Puller":
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._work, daemon=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        self._items.close()
        self._wanted.release()

    def __aiter__(self) -> "Puller":
        return self

    async def __anext__(self) -> str:
        self._answer = self._loop.create_future()
        self._wanted.release()
        value = await self._answer
        if value is self.END:
            raise StopAsyncIteration
        if isinstance(value, Exception):
            raise value
        return value

    def _work(self) -> None:
        while True:
            self._wanted.acquire()
            if self._closed:
                return
            try:
                value = next(self._items, self.END)
            except Exception as error:
                value = error
            try:
                self._loop.call_soon_threadsafe(self._settle, self._answer, value)
            except RuntimeError:
                return
            if not isinstance(value, str):
                return

    @staticmethod
    def _settle(answer: asyncio.Future, value: object) -> None:
        if not answer.done():
            answer.set_result(value)


class Refused(Exception):
    pass


@app.exception_handler(Refused)
async def refused(request: Request, error: Refused):
    return JSONResponse({"error": {"message": str(error), "type": "invalid_request_error"}}, 422)


async def read(request: Request) -> dict:
    try:
        body = json.loads((await request.body()).decode())
    except (ValueError, RecursionError):
        raise Refused("not JSON") from None
    match body:
        case {"model": str(), "messages": [*messages]} if messages:
            pass
        case _:
            raise Refused("model and messages are required")
    for message in messages:
        match message:
            case {"role": str(), "content": str()}:
                pass
            case _:
                raise Refused("a message has a role and a content, both strings")
    if not isinstance(body.get("stream", False), bool):
        raise Refused("stream: true or false")
    if not isinstance(body.get("stream_options"), dict | None):
        raise Refused("stream_options: an object or null")
    return body


def counts(tokens: int) -> dict:
    return {"total_tokens": tokens, "completion_tokens": tokens, "prompt_tokens": 0}


async def sse(body: dict):
    meta = {
        "created": int(time.time()),
        "id": f"chatcmpl-{uuid.uuid4()}",
        "model": body["model"],
        "object": "chat.completion.chunk",
    }
    n = 0
    delta = {"role": "assistant", "content": ""}
    yield "data: %s\n\n" % json.dumps(meta | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    try:
        async with Puller(body["messages"][-1]["content"]) as tokens:
            async for token in tokens:
                n += 1
                choice = {"index": 0, "delta": {"content": token}, "finish_reason": None}
                yield "data: %s\n\n" % json.dumps(meta | {"choices": [choice]})
    except UpstreamError as error:
        yield "data: %s\n\n" % json.dumps({"error": {"message": str(error), "type": "upstream_error"}})
        return
    yield "data: %s\n\n" % json.dumps(meta | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if (body.get("stream_options") or {}).get("include_usage") is True:
        yield "data: %s\n\n" % json.dumps(meta | {"choices": [], "usage": counts(n)})
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(request: Request):
    body = await read(request)
    if body.get("stream"):
        return StreamingResponse(sse(body), media_type="text/event-stream")
    try:
        async with Puller(body["messages"][-1]["content"]) as puller:
            tokens = [token async for token in puller]
    except UpstreamError as error:
        return JSONResponse({"error": {"message": str(error), "type": "upstream_error"}}, status_code=502)
    message = {"role": "assistant", "content": "".join(tokens)}
    content = {
        "id": f"chatcmpl-{uuid.uuid4()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": counts(len(tokens)),
    }
    return JSONResponse(content)
