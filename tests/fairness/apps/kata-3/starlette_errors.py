"""Style: Starlette; a pipeline of validators, exception handlers for HTTPException; 400 for what is not JSON, 422 for
what does not fit; a Connection: close on errors.

Liberty: `"stream": null` is refused, and so is an unknown role.
    "`null` and those of false, such as `"no"` and `0`, never mean a stream"; the table: "`true` for a stream; `false`, or
    absent, for a batch"; "A message whose role has another name may be refused".
"""

import json
import time
from collections.abc import Callable, Iterator
from uuid import uuid1, uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from grader.kit import UpstreamError, upstream

Rule = Callable[[dict], Iterator[str]]


def has_model(body: dict) -> Iterator[str]:
    if type(body.get("model")) is not str:
        yield "model: must be a string"


def has_messages(body: dict) -> Iterator[str]:
    messages = body.get("messages")
    if type(messages) is not list or not messages:
        yield "messages: there must be at least one"
        return
    for place, message in enumerate(messages):
        if type(message) is not dict:
            yield f"messages[{place}]: must be an object"
        elif message.get("role") not in ("system", "developer", "user", "assistant", "tool"):
            yield f"messages[{place}].role: unknown"
        elif type(message.get("content")) is not str:
            yield f"messages[{place}].content: must be a string"


def has_mode(body: dict) -> Iterator[str]:
    if body.get("stream", False) is not True and body.get("stream", False) is not False:
        yield "stream: must be true or false"
    if body.get("stream_options") is not None and type(body["stream_options"]) is not dict:
        yield "stream_options: must be an object"


RULES: tuple[Rule, ...] = (has_model, has_messages, has_mode)


async def valid_body(request: Request) -> dict:
    try:
        body = json.loads((await request.body()).decode("utf-8"))
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None
    if type(body) is not dict:
        raise HTTPException(422, "the body is not an object")
    if faults := [fault for rule in RULES for fault in rule(body)]:
        raise HTTPException(422, "; ".join(faults))
    return body


def error_object(message: str, status: int) -> dict:
    kind = "invalid_request_error" if status < 500 else "upstream_error"
    return {"error": {"message": message, "type": kind, "status": status}}


async def on_http_exception(request: Request, error: HTTPException) -> Response:
    return JSONResponse(error_object(error.detail, error.status_code), error.status_code, {"connection": "close"})


class Completion:
    def __init__(self, body: dict) -> None:
        self.body = body
        self.count = 0
        self.id = f"{uuid1().hex}-{uuid4().hex}"
        self.created = int(time.time())

    def document(self, kind: str, **parts) -> dict:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.body["model"], **parts}

    @property
    def usage(self) -> dict:
        words = sum(len(message["content"].split()) for message in self.body["messages"])
        return {"prompt_tokens": words, "completion_tokens": self.count, "total_tokens": words + self.count}

    async def tokens(self):
        async with upstream(self.body["messages"][-1]["content"]) as items:
            async for item in items:
                self.count += 1
                yield item

    async def batch(self) -> dict:
        content = "".join([token async for token in self.tokens()])
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        return self.document("chat.completion", choices=[choice], usage=self.usage)

    async def payloads(self):
        def chunk(finish_reason=None, **delta):
            choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
            return self.document("chat.completion.chunk", choices=[choice])

        yield chunk(role="assistant", content="")
        try:
            async for token in self.tokens():
                yield chunk(content=token)
        except UpstreamError as error:
            yield error_object(str(error), 502)
            return
        yield chunk("stop")
        if (self.body.get("stream_options") or {}).get("include_usage") is True:
            yield self.document("chat.completion.chunk", choices=[], usage=self.usage)
        yield None

    async def stream(self):
        async for payload in self.payloads():
            yield f"data: {'[DONE]' if payload is None else json.dumps(payload)}\n\n"


async def complete(request: Request) -> Response:
    completion = Completion(await valid_body(request))
    if completion.body.get("stream"):
        return StreamingResponse(completion.stream(), media_type="text/event-stream")
    try:
        return Response(json.dumps(await completion.batch()), media_type="application/json")
    except UpstreamError as error:
        raise HTTPException(502, str(error)) from error


app = Starlette(
    routes=[Mount("/v1", routes=[Route("/chat/completions", complete, methods=["POST"])])],
    exception_handlers={HTTPException: on_http_exception},
)
