"""Kata 3 with Quart: Chat Completions. Async view, validation by hand, errorhandlers, make_response(generator)."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from quart import Quart, make_response, request
from werkzeug.exceptions import HTTPException

from grader.kit import UpstreamError, upstream

app = Quart(__name__)
app.json.sort_keys = False
app.config["RESPONSE_TIMEOUT"] = None
app.config["BODY_TIMEOUT"] = None
app.config["MAX_CONTENT_LENGTH"] = None

ROLES = {"system", "developer", "user", "assistant", "tool"}


class InvalidRequest(Exception):
    """The body does not fit."""


def error_object(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


@app.errorhandler(InvalidRequest)
async def invalid_request(error: InvalidRequest):
    return error_object(str(error), "invalid_request_error"), 400


@app.errorhandler(UpstreamError)
async def upstream_failed(error: UpstreamError):
    return error_object(str(error), "upstream_error"), 502


@app.errorhandler(HTTPException)
async def http_exception(error: HTTPException):
    return error_object(error.description or error.name, "invalid_request_error"), error.code


def check(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidRequest(message)


async def read_body() -> dict[str, Any]:
    try:
        body = json.loads(await request.get_data())
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON") from None
    check(isinstance(body, dict), "the body must be an object")
    check(isinstance(body.get("model"), str), "model: must be a string")
    messages = body.get("messages")
    check(isinstance(messages, list), "messages: must be a list")
    check(len(messages) > 0, "messages: there must be at least one")
    for message in messages:
        check(isinstance(message, dict), "messages: each must be an object")
        role, content = message.get("role"), message.get("content")
        check(isinstance(role, str) and role in ROLES, f"messages: role must be one of {', '.join(sorted(ROLES))}")
        check(isinstance(content, str), "messages: content must be a string")
    check(isinstance(body.get("stream", False), bool), "stream: must be true or false")
    options = body.get("stream_options")
    check(options is None or isinstance(options, dict), "stream_options: must be an object")
    return body


@app.post("/v1/chat/completions")
async def chat_completions():
    body = await read_body()
    prompt = body["messages"][-1]["content"]
    prompt_tokens = sum(len(message["content"].split()) for message in body["messages"])
    head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": body["model"]}

    if body.get("stream", False):
        include_usage = (body.get("stream_options") or {}).get("include_usage") is True
        response = await make_response(completion_events(head, prompt, prompt_tokens, include_usage))
        response.content_type = "text/event-stream"
        response.headers["Cache-Control"] = "no-cache"
        response.timeout = None
        return response

    async with upstream(prompt) as stream:
        tokens = [token async for token in stream]
    message = {"role": "assistant", "content": "".join(tokens)}
    return {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage(prompt_tokens, len(tokens)),
    }


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


async def completion_events(
    head: dict[str, Any], prompt: str, prompt_tokens: int, include_usage: bool
) -> AsyncIterator[str]:
    def event(data: Any) -> str:
        return f"data: {json.dumps(data)}\n\n"

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return event({**head, "object": "chat.completion.chunk", "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    count = 0
    try:
        async with upstream(prompt) as tokens:
            async for token in tokens:
                count += 1
                yield chunk({"content": token})
    except UpstreamError as error:
        yield event(error_object(str(error), "upstream_error"))
        return
    yield chunk({}, "stop")
    if include_usage:
        yield event({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage(prompt_tokens, count)})
    yield "data: [DONE]\n\n"
