"""Collects all items before it sends the first one.

Fails: each_item_leaves_before_the_next_exists
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from grader.kit import upstream

app = FastAPI()


async def events(name: str) -> AsyncIterator[str]:
    for item in [item async for item in upstream(name)]:
        yield f"data: {json.dumps({'item': item})}\n\n"


@app.get("/items")
async def items(name: str) -> StreamingResponse:
    return StreamingResponse(events(name), media_type="text/event-stream")
