"""JSON with each character as an escape, spaces wherever they may be, mixed line endings, an exception handler."""

from contextlib import AsyncExitStack
from enum import StrEnum

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from grader.kit import UpstreamError, upstream

app = FastAPI()


class Flag(StrEnum):
    yes = "true"
    no = "false"


def escape(text):
    units = text.encode("utf-16-be", "surrogatepass")
    return '"' + "".join(f"\\u{units[i]:02X}{units[i + 1]:02x}" for i in range(0, len(units), 2)) + '"'


@app.exception_handler(UpstreamError)
async def failed(_request: Request, _error: UpstreamError):
    return Response('\n { "detail" : [ null ] } \n', 502, media_type="application/json")


@app.get("/generate")
async def generate(prompt: str, stream: Flag = Flag.no):
    stack = AsyncExitStack()
    chunks = await stack.enter_async_context(upstream(prompt))
    try:
        first = await anext(chunks, None)
    except BaseException:
        await stack.aclose()
        raise

    async def texts():
        async with stack:
            if first is not None:
                yield first
                async for text in chunks:
                    yield text

    if stream == Flag.no:
        body = '\t{ "chunks" : [ ' + " ,\n ".join([escape(t) async for t in texts()]) + " ] }\r\n"
        return Response(body, media_type="Application/JSON", headers={"connection": "close"})

    async def events():
        n = 0
        async for text in texts():
            yield f'data:  {{ "text" : {escape(text)} , "index" : {n} }}  \n\r\n'
            n += 1
        yield f'data: {{\rdata: "chunks"\r\ndata: : {n} }}\nevent: done\r\r\n'

    return StreamingResponse(events(), 200, {"cache-control": "no-cache", "connection": "close"}, "text/event-stream")
