"""Style: a small SSE writer class with state, sync `def` formatting, comments inside of the events.

Liberty: the line endings change within a stream (LF, CRLF, CR), and comments look like fields.
    "You choose ... line endings (LF, CRLF, CR), comments ... further fields of an event".
"""

import json
from itertools import cycle

from fastapi import FastAPI, HTTPException
from starlette.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


class EventWriter:
    """Each event has its line ending; no LF ever follows a CR that ends a line by itself."""

    def __init__(self) -> None:
        self._ends = cycle(["\r", "\n", "\r\n"])

    def event(self, data: object, name: str = "message") -> bytes:
        end = next(self._ends)
        lines = [
            ":event: done",
            f"event: {name}",
            ": data: {not the data}",
            f"data: {json.dumps(data, ensure_ascii=False, sort_keys=True)}",
            ":",
            "x-note: a field that clients ignore",
            "",
        ]
        return "".join(line + end for line in lines).encode()


async def write(text, source):
    writer = EventWriter()
    index = -1
    while text is not None:
        index += 1
        yield writer.event({"text": text, "index": index})
        text = await anext(source, None)
    yield writer.event({"chunks": index + 1}, "done")


@app.get("/generate")
async def generate(prompt: str, stream: bool | None = None):
    source = upstream(prompt)
    try:
        if not stream:
            return dict(chunks=[text async for text in source])
        first = await anext(source, None)
    except UpstreamError as e:
        raise HTTPException(detail={"upstream": str(e)} if not str(e) else str(e), status_code=502)
    response = StreamingResponse(write(first, source), media_type="text/event-stream")
    response.headers["cache-control"] = "no-store"
    return response
