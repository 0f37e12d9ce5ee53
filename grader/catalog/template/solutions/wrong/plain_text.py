"""Leaves the media type to the framework.

Fails: is_an_event_stream
"""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from grader.kit import upstream

app = FastAPI()


async def events(name: str) -> AsyncIterator[str]:
    async for item in upstream(name):
        yield f"data: {json.dumps({'item': item})}\n\n"


@app.get("/items")
async def items(name: str) -> StreamingResponse:
    return StreamingResponse(events(name))
