"""Style: an SSE writer class with a style for each event; pure functions for the content; hand-made validation by a table
of predicates.

Liberty: the JSON is indented, over several `data` lines with comments between them, and the line endings change from
event to event (LF, CRLF, CR).
    "You choose the order of JSON keys, spaces in JSON, line endings (LF, CRLF, CR), comments".
"""

import json
import time
import uuid
from itertools import cycle

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()

REQUIRED = {
    "model": lambda value: isinstance(value, str),
    "messages": lambda value: isinstance(value, list) and len(value) > 0 and all(map(is_message, value)),
}
OPTIONAL = {
    "stream": lambda value: isinstance(value, bool),
    "stream_options": lambda value: value is None or isinstance(value, dict),
}


def is_message(value) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("role", "content"))


def faults(body) -> list[str]:
    if not isinstance(body, dict):
        return ["body"]
    missing = [key for key, fits in REQUIRED.items() if not (key in body and fits(body[key]))]
    return missing + [key for key, fits in OPTIONAL.items() if key in body and not fits(body[key])]


class Writer:
    """No event begins with LF, so the CR that ends an event is never taken for half of a CRLF."""

    def __init__(self) -> None:
        self.ends = cycle(("\r\n", "\r", "\n"))

    def __call__(self, value) -> bytes:
        text = value if isinstance(value, str) else json.dumps(value, indent="\t", ensure_ascii=False)
        lines: list[str] = [": {"]
        for line in text.split("\n"):
            lines += [f"data: {line}", ":data: [DONE]"]
        end = next(self.ends)
        return "".join(line + end for line in [*lines, ""]).encode()


def completion(body, kind, **parts):
    return {
        "choices": [],
        **parts,
        "model": body["model"],
        "created": int(time.time()),
        "object": kind,
        "id": str(uuid.uuid4()),
    }


def usage(body, count):
    asked = sum(len(message["content"].split()) or 1 for message in body["messages"])
    return {"usage": {"prompt_tokens": asked, "completion_tokens": count, "total_tokens": asked + count}}


def error(message, kind):
    return {"error": {"message": message, "type": kind}}


async def answer(body):
    write = Writer()
    base = completion(body, "chat.completion.chunk")

    def chunk(delta, reason=None):
        return write({**base, "choices": [{"index": 0, "finish_reason": reason, "delta": delta}]})

    count = 0
    yield chunk({"role": "assistant", "content": ""})
    tokens = upstream(body["messages"][-1]["content"])
    try:
        async for token in tokens:
            count += 1
            yield chunk({"content": token})
    except UpstreamError as failure:
        yield write(error(str(failure), "upstream_error"))
        return
    finally:
        await tokens.aclose()
    yield chunk({}, "stop")
    if (body.get("stream_options") or {}).get("include_usage") is True:
        yield write({**base, **usage(body, count)})
    yield b"data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat_completions(request: Request):
    try:
        body = json.loads(str(await request.body(), "utf-8"))
    except (ValueError, RecursionError):
        return JSONResponse(error("the body is not JSON", "invalid_request_error"), 400)
    if wrong := faults(body):
        return JSONResponse(error("wrong: " + ", ".join(wrong), "invalid_request_error"), 422)
    if body.get("stream"):
        return StreamingResponse(answer(body), media_type="text/event-stream")
    tokens = []
    try:
        async for token in upstream(body["messages"][-1]["content"]):
            tokens.append(token)
    except UpstreamError as failure:
        return JSONResponse(error(str(failure), "upstream_error"), 502)
    message = {"role": "assistant", "content": "".join(tokens)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return completion(body, "chat.completion", choices=choices, **usage(body, len(tokens)))
