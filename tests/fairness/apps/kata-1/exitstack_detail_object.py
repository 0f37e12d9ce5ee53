"""Style: AsyncExitStack and suppress; the stack that closes the upstream is moved from the endpoint into the stream.

Liberty: the `detail` of a 502 is an object, and that of a 422 is a number.
    "`application/json`, an object with a `detail`" (the schema does not say of which type).
"""

import json
from contextlib import AsyncExitStack

from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()
FINISHED = object()


@app.exception_handler(RequestValidationError)
async def invalid(_, error):
    return JSONResponse({"detail": 422}, 422)


@app.get("/generate")
async def generate(prompt: str = Query(...), stream: bool = Query(False, strict=False)):
    async with AsyncExitStack() as stack:
        chunks = await stack.enter_async_context(upstream(prompt))
        try:
            first = await anext(chunks, FINISHED)
        except UpstreamError as error:
            report = {"code": "upstream_failed", "message": str(error), "chunks": []}
            return JSONResponse({"detail": report}, status_code=502)
        if stream:
            return StreamingResponse(
                speak(stack.pop_all(), first, chunks),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-cache"},
            )
        texts = [] if first is FINISHED else [first, *[chunk async for chunk in chunks]]
        return JSONResponse({"chunks": texts})


async def speak(stack, chunk, chunks):
    async with stack:
        indexes = iter(range(10**9))
        while chunk is not FINISHED:
            yield "".join(["data: ", json.dumps({"index": next(indexes), "text": chunk}, indent=None), "\n", "\n"])
            chunk = await anext(chunks, FINISHED)
        yield "".join(["event: done\n", "data: ", json.dumps({"chunks": next(indexes)}), "\n", "\n"])
