"""The sse-starlette library frames the events: it ends lines with CRLF, and sends comments while nothing happens."""

import time
from collections.abc import AsyncIterator
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    role: str
    content: str


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None


def failure(message: str, kind: str) -> dict[str, dict[str, str]]:
    return {"error": {"message": message, "type": kind}}


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    del request
    return JSONResponse(failure(str(error), "invalid_request_error"), status_code=422)


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}


async def events(body: ChatRequest) -> AsyncIterator[ServerSentEvent]:
    answer = {"id": uuid4().hex, "object": "chat.completion.chunk", "created": int(time.time()), "model": body.model}

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> ServerSentEvent:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return JSONServerSentEvent({**answer, "choices": [choice]})

    count = 0
    try:
        async for token in upstream(body.messages[-1].content):
            yield chunk({"content": token} if count else {"role": "assistant", "content": token})
            count += 1
    except UpstreamError as error:
        yield JSONServerSentEvent(failure(str(error), "upstream_error"))
        return
    yield chunk({} if count else {"role": "assistant"}, "stop")
    if body.stream_options and body.stream_options.include_usage:
        yield JSONServerSentEvent({**answer, "choices": [], "usage": usage(count)})
    yield ServerSentEvent(data="[DONE]")


@app.post("/v1/chat/completions", response_model=None)
async def chat_completions(body: ChatRequest) -> EventSourceResponse | JSONResponse:
    if body.stream:
        return EventSourceResponse(events(body))
    try:
        tokens = [token async for token in upstream(body.messages[-1].content)]
    except UpstreamError as error:
        return JSONResponse(failure(str(error), "upstream_error"), status_code=502)
    message = {"role": "assistant", "content": "".join(tokens)}
    answer = {"id": uuid4().hex, "object": "chat.completion", "created": int(time.time()), "model": body.model}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse({**answer, "choices": [choice], "usage": usage(len(tokens))})
