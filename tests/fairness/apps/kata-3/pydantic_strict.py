"""Style: FastAPI with strict Pydantic models for all that comes in and goes out, the chunks as models too.

Liberty: a role that the table does not name is refused.
    "A message whose role has another name may be refused with `400` or `422`, or accepted."
"""

import time
import uuid
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from grader.kit import Items, UpstreamError, upstream


class In(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class Message(In):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class StreamOptions(In):
    include_usage: Any = None


class ChatRequest(In):
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool = False
    stream_options: StreamOptions | None = None

    @property
    def prompt(self) -> str:
        return self.messages[-1].content

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage is True


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ErrorBody(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorEnvelope(BaseModel):
    error: ErrorBody


class AssistantMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    index: int = 0
    message: AssistantMessage
    finish_reason: Literal["stop"] = "stop"


class Delta(BaseModel):
    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(BaseModel):
    index: int = 0
    delta: dict[str, str]
    finish_reason: Literal["stop"] | None = None


class Base(BaseModel):
    id: str
    created: int
    model: str


class Completion(Base):
    object: Literal["chat.completion"] = "chat.completion"
    choices: list[Choice]
    usage: Usage


class Chunk(Base):
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    choices: list[ChunkChoice]


class UsageChunk(Chunk):
    usage: Usage


app = FastAPI()


def error_response(status: int, message: str, kind: str) -> Response:
    envelope = ErrorEnvelope(error=ErrorBody(message=message, type=kind))
    return Response(envelope.model_dump_json(), status, media_type="application/json")


@app.exception_handler(RequestValidationError)
async def invalid(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    return error_response(422, f"{first['loc'][-1]}: {first['msg']}", "invalid_request_error")


@app.exception_handler(HTTPException)
async def http_error(_: Request, error: HTTPException) -> Response:
    return error_response(error.status_code, str(error.detail), "invalid_request_error")


@app.exception_handler(UpstreamError)
async def upstream_failed(_: Request, error: UpstreamError) -> Response:
    return error_response(502, str(error), "upstream_error")


def usage_of(request: ChatRequest, completed: int) -> Usage:
    prompted = sum(len(message.content.split()) for message in request.messages)
    return Usage(prompt_tokens=prompted, completion_tokens=completed, total_tokens=prompted + completed)


def sse(model: BaseModel) -> str:
    return f"data: {model.model_dump_json()}\n\n"


async def stream(request: ChatRequest, base: dict[str, Any], items: Items):
    def chunk(finish_reason: Literal["stop"] | None = None, **delta: str) -> str:
        return sse(Chunk(**base, choices=[ChunkChoice(delta=delta, finish_reason=finish_reason)]))

    yield chunk(role="assistant", content="")
    count = 0
    try:
        async for token in items:
            count += 1
            yield chunk(content=token)
    except UpstreamError as error:
        yield sse(ErrorEnvelope(error=ErrorBody(message=str(error), type="upstream_error")))
        return
    yield chunk(finish_reason="stop")
    if request.wants_usage:
        yield sse(UsageChunk(**base, choices=[], usage=usage_of(request, count)))
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(request: ChatRequest) -> Response:
    base = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": request.model}
    items = upstream(request.prompt)
    if request.stream:
        return StreamingResponse(stream(request, base, items), media_type="text/event-stream")
    tokens = [token async for token in items]
    choice = Choice(message=AssistantMessage(content="".join(tokens)))
    completion = Completion(**base, choices=[choice], usage=usage_of(request, len(tokens)))
    return Response(completion.model_dump_json(), media_type="application/json")
