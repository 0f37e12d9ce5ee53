"""Style: anyio task group and a memory object stream of size 0 in a Response subclass; the role comes with the first
token.

Liberty: each later delta has `"role": null`, also that of the end, which has `"content": null` besides.
    "Any other key whose value is `null` may also be absent", and the schema has `null` among the values of `role`.
"""

import json
import math
import time
from uuid import uuid4

import anyio
from fastapi import Body, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StrictBool, StrictStr
from starlette.responses import Response

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Message(BaseModel):
    role: StrictStr
    content: StrictStr


class Question(BaseModel):
    model: StrictStr
    messages: list[Message] = Field(min_length=1)
    stream: StrictBool = False
    stream_options: dict | None = None

    def usage(self, completed: int) -> dict:
        prompted = math.ceil(sum(len(message.content) for message in self.messages) / 4)
        return dict(prompt_tokens=prompted, completion_tokens=completed, total_tokens=prompted + completed)

    def frame(self, kind: str) -> dict:
        return dict(id=uuid4().hex, object=kind, created=math.floor(time.time()), model=self.model)


def error_content(message: str, kind: str = "upstream_error") -> dict:
    return dict(error=dict(message=message, type=kind, param=None, code=None))


@app.exception_handler(RequestValidationError)
async def on_invalid(request, error):
    return JSONResponse(error_content(error.errors()[0]["msg"], "invalid_request_error"), 422)


class Answer(Response):
    def __init__(self, question: Question) -> None:
        self.question = question
        self.status_code, self.background = 200, None
        self.raw_headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]

    async def __call__(self, scope, receive, send) -> None:
        outbox, inbox = anyio.create_memory_object_stream[dict | str](0)
        async with anyio.create_task_group() as group:
            group.start_soon(self.leave_when_gone, receive, group.cancel_scope)
            group.start_soon(self.produce, outbox)
            await send(dict(type="http.response.start", status=200, headers=self.raw_headers))
            async with inbox:
                async for data in inbox:
                    text = data if isinstance(data, str) else json.dumps(data)
                    await send(dict(type="http.response.body", body=f"data: {text}\n\n".encode(), more_body=True))
            await send(dict(type="http.response.body", body=b"", more_body=False))
            group.cancel_scope.cancel()

    async def leave_when_gone(self, receive, scope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def produce(self, outbox) -> None:
        frame = self.question.frame("chat.completion.chunk")
        count, role = 0, "assistant"

        def chunk(content, finish_reason=None):
            choice = dict(index=0, delta=dict(role=role, content=content), finish_reason=finish_reason)
            return dict(frame, choices=[choice])

        async with outbox, upstream(self.question.messages[-1].content) as tokens:
            try:
                async for token in tokens:
                    count += 1
                    await outbox.send(chunk(token))
                    role = None
            except UpstreamError as error:
                await outbox.send(error_content(str(error)))
                return
            if count == 0:
                await outbox.send(chunk(""))
                role = None
            await outbox.send(chunk(None, "stop"))
            if (self.question.stream_options or {}).get("include_usage") is True:
                await outbox.send(dict(frame, choices=[], usage=self.question.usage(count)))
            await outbox.send("[DONE]")


@app.post("/v1/chat/completions", response_model=None)
async def complete(question: Question = Body()):
    if question.stream:
        return Answer(question)
    tokens = []
    async with upstream(question.messages[-1].content) as items:
        try:
            async for token in items:
                tokens.append(token)
        except UpstreamError as error:
            return JSONResponse(error_content(str(error)), 502)
    choice = dict(index=0, message=dict(role="assistant", content="".join(tokens)), finish_reason="stop")
    return dict(question.frame("chat.completion"), choices=[choice], usage=question.usage(len(tokens)))
