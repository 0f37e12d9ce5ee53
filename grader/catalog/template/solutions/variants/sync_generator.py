"""A generator that is not asynchronous, so the framework runs it in a thread; CRLF line endings."""

import json
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from grader.kit import blocking_upstream

app = FastAPI()


def events(name: str) -> Iterator[str]:
    for item in blocking_upstream(name):
        yield f"data: {json.dumps({'item': item})}\r\n\r\n"


@app.get("/items")
def items(name: str) -> StreamingResponse:
    return StreamingResponse(events(name), media_type="text/event-stream")
