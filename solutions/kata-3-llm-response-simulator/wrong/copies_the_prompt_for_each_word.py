"""The words of a prompt are counted by cutting off one after the other, which copies all that is left each time.

Fails: nothing_blocks_the_event_loop
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from grader.kit import UpstreamError, upstream


class Message(BaseModel):
    model_config = ConfigDict(extra="ignore")
    role: str
    content: str


class Request(BaseModel):
    model_config = ConfigDict(extra="ignore")
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool = False
    stream_options: dict[str, Any] | None = None

    @property
    def prompt(self) -> str:
        return self.messages[-1].content

    @property
    def include_usage(self) -> bool:
        return bool(self.stream_options) and self.stream_options.get("include_usage") is True


def count_words(text: str) -> int:
    count = 0
    while text:
        word, _, text = text.partition(" ")
        count += bool(word)
    return count


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, request: Request, completion: int) -> "Usage":
        prompt = count_words(request.prompt)
        return cls(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


class Delta(BaseModel):
    role: str | None = None
    content: str | None = None


class Choice(BaseModel):
    index: int = 0
    delta: Delta
    finish_reason: str | None = None


class Chunk(BaseModel):
    id: str
    object: str = "chat.completion.chunk"
    created: int
    model: str
    choices: list[Choice] = []
    usage: Usage | None = None


class Error(BaseModel):
    message: str
    type: str


class ErrorBody(BaseModel):
    error: Error


def error_body(message: str, kind: str) -> ErrorBody:
    return ErrorBody(error=Error(message=message, type=kind))


def new_id() -> str:
    return f"chatcmpl-{uuid.uuid4()}"


def sse(data: BaseModel | str) -> str:
    return f"data: {data if isinstance(data, str) else data.model_dump_json()}\r\n\r\n"


class Puller:
    """Pulls the tokens in a task of its own; `async for` takes them, one at a time."""

    END = object()

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)

    async def pull(self) -> None:
        try:
            async with upstream(self.prompt) as tokens:
                async for token in tokens:
                    await self.queue.put(token)
                    await self.queue.join()  # no token before the last one was written
            await self.queue.put(self.END)
        except UpstreamError as exc:
            await self.queue.put(exc)

    async def __aiter__(self) -> AsyncIterator[str]:
        task = asyncio.create_task(self.pull())
        try:
            while (item := await self.queue.get()) is not self.END:
                if isinstance(item, UpstreamError):
                    raise item
                yield item
                self.queue.task_done()
        finally:
            task.cancel()


class Stream:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.id, self.created = new_id(), int(time.time())

    def chunk(self, *choices: Choice, usage: Usage | None = None) -> str:
        return sse(
            Chunk(id=self.id, created=self.created, model=self.request.model, choices=list(choices), usage=usage)
        )

    async def events(self) -> AsyncIterator[str]:
        count = 0
        yield self.chunk(Choice(delta=Delta(role="assistant", content="")))
        try:
            async for token in Puller(self.request.prompt):
                count += 1
                yield self.chunk(Choice(delta=Delta(content=token)))
        except UpstreamError as exc:
            yield sse(error_body(str(exc), "upstream_error"))
            return
        yield self.chunk(Choice(delta=Delta(), finish_reason="stop"))
        if self.request.include_usage:
            yield self.chunk(usage=Usage.of(self.request, count))
        yield sse("[DONE]")


router = APIRouter(prefix="/v1")


@router.post("/chat/completions", response_model=None)
async def chat_completions(request: Request) -> StreamingResponse | JSONResponse:
    if request.stream:
        return StreamingResponse(Stream(request).events(), media_type="text/event-stream")
    try:
        tokens = [token async for token in Puller(request.prompt)]
    except UpstreamError as exc:
        return JSONResponse(error_body(str(exc), "upstream_error").model_dump(), 502)
    return JSONResponse(
        {
            "id": new_id(),
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request.model,
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "".join(tokens)}, "finish_reason": "stop"}
            ],
            "usage": Usage.of(request, len(tokens)).model_dump(),
        }
    )


def make_app() -> FastAPI:
    app = FastAPI(title="LLM response simulator")
    app.include_router(router)

    @app.exception_handler(RequestValidationError)
    async def invalid(_, exc: RequestValidationError) -> JSONResponse:
        message = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in exc.errors())
        return JSONResponse(error_body(message, "invalid_request_error").model_dump(), 422)

    @app.exception_handler(HTTPException)
    async def other(_, exc: HTTPException) -> JSONResponse:
        return JSONResponse(error_body(str(exc.detail), "invalid_request_error").model_dump(), exc.status_code)

    return app


app = make_app()
