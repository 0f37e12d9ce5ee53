"""Style: a producer task with asyncio.Queue(maxsize=1), cancelled and awaited at the end; TypedDicts; the endpoint takes
the raw Request.

Liberty: many further keys, in chunks, deltas, choices, usage and errors, as the original has them.
    "You choose ... further keys of an object."
"""

import asyncio
import json
import time
import uuid
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
ROLES = {"system", "developer", "user", "assistant", "tool"}


class ApiError(Exception):
    def __init__(self, status: int, message: str, kind: str, param: str | None = None) -> None:
        self.status = status
        self.content = {
            "error": {"message": message, "type": kind, "param": param, "code": None, "choices": [], "status": status}
        }


@app.exception_handler(ApiError)
async def api_error(_: Request, error: ApiError) -> JSONResponse:
    return JSONResponse(error.content, error.status)


def invalid(param: str | None, message: str) -> ApiError:
    return ApiError(400, message, "invalid_request_error", param)


async def parse(request: Request) -> dict[str, Any]:
    try:
        body = json.loads((await request.body()).decode("utf-8"))
    except (ValueError, RecursionError):
        raise invalid(None, "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise invalid(None, "The body must be an object.")
    if not isinstance(body.get("model"), str):
        raise invalid("model", "You must provide a model parameter.")
    messages = body.get("messages")
    if not isinstance(messages, list) or len(messages) == 0:
        raise invalid("messages", "[] is too short - 'messages'")
    for i, message in enumerate(messages):
        if not (isinstance(message, dict) and isinstance(message.get("content"), str)):
            raise invalid(f"messages[{i}].content", "must be a string")
        if not isinstance(message.get("role"), str) or message["role"] not in ROLES:
            raise invalid(f"messages[{i}].role", "must be one of " + ", ".join(sorted(ROLES)))
    if "stream" in body and not isinstance(body["stream"], bool):
        raise invalid("stream", "must be a boolean")
    if not isinstance(body.get("stream_options", {}), dict | None):
        raise invalid("stream_options", "must be an object")
    return body


@asynccontextmanager
async def producing(prompt: str):
    """A queue with each token, and at the end None or the error. The producer never outlives the block."""
    queue: asyncio.Queue[str | None | UpstreamError] = asyncio.Queue(maxsize=1)

    async def produce() -> None:
        async with upstream(prompt) as items:
            try:
                async for item in items:
                    await queue.put(item)
            except UpstreamError as error:
                await queue.put(error)
            else:
                await queue.put(None)

    producer = asyncio.create_task(produce())
    try:
        yield queue
    finally:
        producer.cancel()
        await asyncio.gather(producer, return_exceptions=True)


def usage(body: dict[str, Any], completed: int) -> dict[str, Any]:
    prompted = sum(4 + len(message["content"].split()) for message in body["messages"])
    return {
        "prompt_tokens": prompted,
        "completion_tokens": completed,
        "total_tokens": prompted + completed,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def stamp(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": body["model"],
        "system_fingerprint": "fp_kata",
        "service_tier": "default",
    }


async def stream(body: dict[str, Any]):
    base = stamp(body, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        delta = {**delta, "refusal": None, "tool_calls": None, "function_call": None}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason, "message": None}
        return f"data: {json.dumps({**base, 'choices': [choice], 'obfuscation': 'x7'}, ensure_ascii=False)}\n\n"

    completed = 0
    yield chunk({"role": "assistant", "content": ""})
    async with producing(body["messages"][-1]["content"]) as queue:
        while isinstance(token := await queue.get(), str):
            completed += 1
            yield chunk({"content": token})
    if token is not None:
        yield f"data: {json.dumps(ApiError(502, str(token), 'upstream_error').content)}\n\n"
        return
    yield chunk({}, "stop")
    if (body.get("stream_options") or {}).get("include_usage") is True:
        yield f"data: {json.dumps({**base, 'choices': [], 'usage': usage(body, completed)}, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(request: Request):
    body = await parse(request)
    if body.get("stream", False):
        return StreamingResponse(stream(body), media_type="text/event-stream")
    tokens: list[str] = []
    async with producing(body["messages"][-1]["content"]) as queue:
        while isinstance(token := await queue.get(), str):
            tokens.append(token)
    if token is not None:
        raise ApiError(502, str(token), "upstream_error")
    message = {"role": "assistant", "content": "".join(tokens), "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop", "delta": {}}
    return {**stamp(body, "chat.completion"), "choices": [choice], "usage": usage(body, len(tokens))}
