"""Style: FastAPI behind a BaseHTTPMiddleware (access log), CORS and a pure ASGI request id; an AppError hierarchy.

Liberty: the `message` of an error is an empty string.
    "You choose the words, as long as both values are strings."
"""

import json
import logging
import time
import uuid
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, StrictBool, StrictStr, ValidationError
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware

from grader.kit import UpstreamError, upstream

log = logging.getLogger("simulator")


class RequestId:
    def __init__(self, app, header: bytes = b"x-request-id") -> None:
        self.app, self.header = app, header

    async def __call__(self, scope, receive, send):
        async def tagged(message):
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                message["headers"] = list(message["headers"]) + [(self.header, uuid.uuid4().hex.encode())]
            await send(message)

        await self.app(scope, receive, tagged if scope["type"] == "http" else send)


class AccessLog(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        began = time.perf_counter_ns()
        response = await call_next(request)
        elapsed = (time.perf_counter_ns() - began) // 1000
        log.info("%s %s %s %d us", request.method, request.url.path, response.status_code, elapsed)
        response.headers["openai-processing-ms"] = str(elapsed // 1000)
        return response


class AppError(Exception):
    status, kind = 500, "server_error"

    def content(self) -> dict:
        return {"error": {"message": "", "type": self.kind}}


class InvalidRequest(AppError):
    status, kind = 422, "invalid_request_error"


class BadGateway(AppError):
    status, kind = 502, "upstream_error"


class Message(BaseModel):
    role: StrictStr
    content: StrictStr


class Options(BaseModel):
    include_usage: object = None


class Chat(BaseModel):
    model: StrictStr
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: StrictBool = False
    stream_options: Options | None = None


async def chat_of(request: Request) -> Chat:
    try:
        return Chat.model_validate_json(await request.body())
    except ValidationError as error:
        raise InvalidRequest from error


app = FastAPI()
app.add_middleware(AccessLog)
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
app.add_middleware(RequestId)


@app.exception_handler(AppError)
async def on_app_error(_: Request, error: AppError) -> JSONResponse:
    return JSONResponse(error.content(), error.status)


def usage(chat: Chat, count: int) -> dict:
    words = len(chat.messages[-1].content.split())
    return {"prompt_tokens": words, "completion_tokens": count, "total_tokens": words + count}


async def lines(chat: Chat):
    shared = {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": "chat.completion.chunk", "created": int(time.time())}
    shared["model"] = chat.model

    def line(choices: list, **more) -> str:
        return "data: " + json.dumps({**shared, "choices": choices, **more}) + "\n\n"

    count = 0
    yield line([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    async with upstream(chat.messages[-1].content) as tokens:
        try:
            async for token in tokens:
                count += 1
                yield line([{"index": 0, "delta": {"content": token}, "finish_reason": None}])
        except UpstreamError:
            yield "data: " + json.dumps(BadGateway().content()) + "\n\n"
            return
    yield line([{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}])
    if chat.stream_options and chat.stream_options.include_usage is True:
        yield line([], usage=usage(chat, count))
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(chat: Annotated[Chat, Depends(chat_of)]):
    if chat.stream:
        return StreamingResponse(lines(chat), media_type="text/event-stream")
    try:
        tokens = [token async for token in upstream(chat.messages[-1].content)]
    except UpstreamError as error:
        raise BadGateway from error
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": chat.model,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "".join(tokens)}, "finish_reason": "stop"}
        ],
        "usage": usage(chat, len(tokens)),
    }
