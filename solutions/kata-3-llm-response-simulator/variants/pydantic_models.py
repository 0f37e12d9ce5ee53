"""Pydantic throughout: the wire shapes are models, they validate the requests and write the chunks."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from grader.kit import UpstreamError, upstream


class RequestMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    model: str
    messages: Annotated[list[RequestMessage], Field(min_length=1)]
    stream: bool = False
    stream_options: StreamOptions | None = None


class Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int
    total_tokens: int


class AssistantMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    index: int = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Completion(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class Delta(BaseModel):
    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(BaseModel):
    index: int = 0
    delta: Delta
    logprobs: None = None
    finish_reason: Literal["stop"] | None = None


class Chunk(BaseModel):
    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    system_fingerprint: str = "fp_kata"
    choices: list[ChunkChoice]
    usage: Usage | None = None


class ErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(BaseModel):
    error: ErrorDetail


app = FastAPI()


@app.exception_handler(RequestValidationError)
async def unprocessable(request: Request, error: RequestValidationError) -> JSONResponse:
    del request
    body = ErrorBody(error=ErrorDetail(message=str(error), type="invalid_request_error"))
    return JSONResponse(body.model_dump(), status_code=422)


@app.exception_handler(HTTPException)
async def as_error_object(request: Request, error: HTTPException) -> JSONResponse:
    del request
    return JSONResponse({"error": {"message": error.detail, "type": "server_error"}}, status_code=error.status_code)


def event(model: BaseModel) -> str:
    return f"data: {model.model_dump_json()}\n\n"


async def events(body: ChatRequest) -> AsyncIterator[str]:
    head = Chunk(id=f"chatcmpl-{uuid4()}", created=int(time.time()), model=body.model, choices=[])

    def chunk(delta: Delta, finish_reason: Literal["stop"] | None = None) -> str:
        choice = ChunkChoice(delta=delta, finish_reason=finish_reason)
        return event(head.model_copy(update={"choices": [choice]}))

    count = 0
    yield chunk(Delta(role="assistant", content=""))
    try:
        async with upstream(body.messages[-1].content) as tokens:
            async for token in tokens:
                count += 1
                yield chunk(Delta(content=token))
    except UpstreamError as error:
        yield event(ErrorBody(error=ErrorDetail(message=str(error), type="server_error")))
        return
    yield chunk(Delta(), "stop")
    if body.stream_options is not None and body.stream_options.include_usage:
        yield event(head.model_copy(update={"usage": Usage(completion_tokens=count, total_tokens=count)}))
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions", response_model=None)
async def chat_completions(body: ChatRequest) -> StreamingResponse | Completion:
    if body.stream:
        return StreamingResponse(events(body), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
    try:
        tokens = [token async for token in upstream(body.messages[-1].content)]
    except UpstreamError as error:
        raise HTTPException(502, detail=str(error)) from error
    return Completion(
        id=f"chatcmpl-{uuid4()}",
        created=int(time.time()),
        model=body.model,
        choices=[Choice(message=AssistantMessage(content="".join(tokens)))],
        usage=Usage(completion_tokens=len(tokens), total_tokens=len(tokens)),
    )
