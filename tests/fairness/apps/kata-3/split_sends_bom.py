"""Style: a Response subclass that writes each event in several sends, in the middle of UTF-8 sequences too, without any
wait between them; ensure_ascii=False.

Liberty: each stream begins with a byte order mark.
    "Its format is that of WHATWG HTML 9.2.5" (whose grammar is `stream = [ bom ] *event`).
"""

import asyncio
import json
import time
import uuid

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, StrictBool, conlist

from grader.kit import UpstreamError, upstream


class Message(BaseModel):
    role: str
    content: str


class StreamOptions(BaseModel):
    include_usage: object = False


class Params(BaseModel):
    model: str
    messages: conlist(Message, min_length=1)
    stream: StrictBool = False
    stream_options: StreamOptions | None = None


def problem(message: str, kind: str) -> dict:
    return {"error": {"message": message, "type": kind}}


class PiecewiseResponse(Response):
    def __init__(self, events) -> None:
        self.events = events
        self.status_code, self.background = 200, None
        self.raw_headers = [(b"content-type", b"text/event-stream; charset=utf-8")]

    async def __call__(self, scope, receive, send) -> None:
        sender = asyncio.create_task(self.send_all(send))
        listener = asyncio.create_task(self.listen(receive))
        try:
            await asyncio.wait({sender, listener}, return_when=asyncio.FIRST_COMPLETED)
            if sender.done():
                sender.result()
        finally:
            sender.cancel()
            listener.cancel()
            await asyncio.gather(sender, listener, return_exceptions=True)
            await self.events.aclose()

    async def listen(self, receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def send_all(self, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"\xef\xbb", "more_body": True})
        await send({"type": "http.response.body", "body": b"\xbf", "more_body": True})
        async for event in self.events:
            data = f"data: {event}\r\n\r\n".encode()
            step = len(data) // 5 + 1
            for at in range(0, len(data), step):
                await send({"type": "http.response.body", "body": data[at : at + step], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


app = FastAPI()


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError):
    return JSONResponse(problem("; ".join(item["msg"] for item in error.errors()), "invalid_request_error"), 422)


def dumps(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def usage(params: Params, count: int) -> dict:
    size = sum(len(message.content) for message in params.messages)
    return {"prompt_tokens": size, "completion_tokens": count, "total_tokens": size + count}


async def events(params: Params):
    base = {"id": str(uuid.uuid4()), "object": "chat.completion.chunk", "created": int(time.time())}
    base["model"] = params.model
    chunk = lambda delta, end=None: dumps({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]})
    count = 0
    yield chunk({"content": "", "role": "assistant"})
    try:
        async with upstream(params.messages[-1].content) as tokens:
            async for token in tokens:
                count += 1
                yield chunk({"content": token})
    except UpstreamError as error:
        yield dumps(problem(str(error), "upstream_error"))
    else:
        yield chunk({}, "stop")
        if params.stream_options and params.stream_options.include_usage is True:
            yield dumps({**base, "choices": [], "usage": usage(params, count)})
        yield "[DONE]"


@app.post("/v1/chat/completions", response_model=None)
async def chat_completions(params: Params):
    if params.stream:
        return PiecewiseResponse(events(params))
    try:
        tokens = [token async for token in upstream(params.messages[-1].content)]
    except UpstreamError as error:
        return JSONResponse(problem(str(error), "upstream_error"), 502)
    message = {"role": "assistant", "content": "".join(tokens)}
    return {
        "id": str(uuid.uuid4()),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": params.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage(params, len(tokens)),
    }
