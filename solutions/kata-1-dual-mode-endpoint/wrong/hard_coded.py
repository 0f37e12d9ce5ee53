"""Always sends the texts of the README's example, whatever the prompt is.

Fails: batch_is_the_default, one_event_a_chunk, stream_upstream_failure_is_502
"""

import json
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

CHUNKS = ["Hel", "lo"]

app = FastAPI()


def events() -> Iterator[str]:
    for index, text in enumerate(CHUNKS):
        yield f"data: {json.dumps({'index': index, 'text': text})}\n\n"
    yield f"event: done\ndata: {json.dumps({'chunks': len(CHUNKS)})}\n\n"


@app.get("/generate", response_model=None)
async def generate(prompt: str, stream: bool = False) -> StreamingResponse | dict[str, list[str]]:
    if not stream:
        return {"chunks": CHUNKS}
    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
