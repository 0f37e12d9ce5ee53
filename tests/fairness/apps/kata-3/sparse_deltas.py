"""Style: short, functional FastAPI with functools.partial and Annotated; one helper for each event; the role chunk
without content.

Liberty: the first delta has the role and no `content`; the end has a delta with an empty `content`; the end, the usage
and `[DONE]` go out in one piece.
    "A `content` that is empty may be absent." The end has "no text".
"""

import json
import time
from functools import partial
from secrets import token_urlsafe
from typing import Annotated, Any

from annotated_types import MinLen
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, BeforeValidator

from grader.kit import UpstreamError, upstream


def no_or_true(value: Any) -> bool:
    """`stream` is true for true alone; anything else that says no means a batch."""
    if value is True:
        return True
    if value is None or value is False or value in (0, "no", "false", "off", "n", "f", "0"):
        return False
    raise ValueError("neither true nor false")


class Message(BaseModel):
    role: str
    content: str


class Chat(BaseModel):
    model: str
    messages: Annotated[list[Message], MinLen(1)]
    stream: Annotated[bool, BeforeValidator(no_or_true)] = False
    stream_options: dict[str, Any] | None = None


app = FastAPI()
dumps = partial(json.dumps, separators=(",", ":"), ensure_ascii=False)


@app.exception_handler(RequestValidationError)
async def on_invalid(request, error):
    return JSONResponse({"error": {"message": "the body does not fit", "type": "invalid_request_error"}}, 400)


def event(data: dict) -> str:
    return f"data: {dumps(data)}\n\n"


def choice(delta: dict, finish_reason: str | None = None) -> list[dict]:
    return [{"index": 0, "delta": delta, "finish_reason": finish_reason}]


def usage(chat: Chat, count: int) -> dict:
    return {"prompt_tokens": len(chat.messages), "completion_tokens": count, "total_tokens": len(chat.messages) + count}


def failed(error: UpstreamError) -> dict:
    return {"error": {"message": str(error), "type": "upstream_error"}}


async def body(chat: Chat):
    chunk = partial(
        dict, id=token_urlsafe(16), object="chat.completion.chunk", created=int(time.time()), model=chat.model
    )
    count = 0
    yield event(chunk(choices=choice({"role": "assistant"})))
    try:
        async with upstream(chat.messages[-1].content) as tokens:
            async for token in tokens:
                yield event(chunk(choices=choice({"content": token})))
                count += 1
    except UpstreamError as error:
        yield event(failed(error))
        return
    last = [event(chunk(choices=choice({"content": ""}, "stop")))]
    if chat.stream_options and chat.stream_options.get("include_usage") is True:
        last.append(event(chunk(choices=[], usage=usage(chat, count))))
    yield "".join([*last, "data: [DONE]\n\n"])


@app.post("/v1/chat/completions")
async def chat_completions(chat: Chat):
    if chat.stream:
        return StreamingResponse(body(chat), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
    try:
        tokens = [token async for token in upstream(chat.messages[-1].content)]
    except UpstreamError as error:
        return JSONResponse(failed(error), 502)
    message = {"role": "assistant", "content": "".join(tokens)}
    return dict(
        id=token_urlsafe(16),
        object="chat.completion",
        created=int(time.time()),
        model=chat.model,
        choices=[{"index": 0, "message": message, "finish_reason": "stop"}],
        usage=usage(chat, len(tokens)),
    )
