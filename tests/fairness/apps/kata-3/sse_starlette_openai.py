"""Style: FastAPI with sse-starlette's EventSourceResponse, JSONServerSentEvent, CRLF; 400 for all faults of the request.

Liberty: each chunk of each stream has `"usage": null`, even without `include_usage`.
    "`"usage": null` counts as no usage."
"""

import secrets
import time
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StrictBool, conlist
from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    role: str
    content: str


class Options(BaseModel):
    include_usage: Any = False


class Chat(BaseModel):
    model: str
    messages: conlist(Message, min_length=1)
    stream: StrictBool = False
    stream_options: Options | None = None


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError):
    text = "; ".join(f"{'.'.join(str(part) for part in e['loc'][1:])}: {e['msg']}" for e in error.errors())
    return JSONResponse({"error": {"message": text, "type": "invalid_request_error", "code": None}}, 400)


def usage(chat: Chat, tokens: int) -> dict[str, int]:
    words = sum(len(m.content.split()) for m in chat.messages)
    return {"prompt_tokens": words, "completion_tokens": tokens, "total_tokens": words + tokens}


async def events(chat: Chat):
    stamp = {"id": "chatcmpl-" + secrets.token_hex(12), "object": "chat.completion.chunk", "created": int(time.time())}

    def chunk(delta: dict, finish_reason: str | None = None) -> JSONServerSentEvent:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]
        return JSONServerSentEvent({**stamp, "model": chat.model, "choices": choices, "usage": None})

    count = 0
    yield chunk({"role": "assistant", "content": ""})
    try:
        async with upstream(chat.messages[-1].content) as tokens:
            async for token in tokens:
                yield chunk({"content": token})
                count += 1
    except UpstreamError as error:
        yield JSONServerSentEvent({"error": {"message": str(error), "type": "server_error"}})
        return
    yield chunk({}, "stop")
    if chat.stream_options and chat.stream_options.include_usage is True:
        yield JSONServerSentEvent({**stamp, "model": chat.model, "choices": [], "usage": usage(chat, count)})
    yield ServerSentEvent("[DONE]")


@app.post("/v1/chat/completions")
async def completions(chat: Chat):
    if chat.stream:
        return EventSourceResponse(events(chat), ping=10)
    try:
        tokens = [token async for token in upstream(chat.messages[-1].content)]
    except UpstreamError as error:
        return JSONResponse({"error": {"message": str(error), "type": "server_error"}}, 502)
    return {
        "id": "chatcmpl-" + secrets.token_hex(12),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": chat.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "".join(tokens), "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": usage(chat, len(tokens)),
    }
