"""Style: an encoder written by hand that works in bytes, in the manner of msgspec; compact, no space after the colon of
a field, `data` before `event`.

Liberty: every character of a text is written as \\uXXXX, also those that need no escape, in both modes.
    "whose data is a JSON object" (RFC 8259, 7: "Any character may be escaped").
"""

from collections.abc import AsyncGenerator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from grader.kit import Items, UpstreamError, upstream


class Encoder:
    def string(self, text: str) -> bytes:
        digits = text.encode("utf-16-be", "surrogatepass").hex().encode()
        units = len(digits) // 4
        out = bytearray(6 * units)
        out[0::6] = b"\\" * units
        out[1::6] = b"u" * units
        for place in range(4):
            out[2 + place :: 6] = digits[place::4]
        return b'"%b"' % bytes(out)

    def strings(self, texts: list[str]) -> bytes:
        return b"[%b]" % b",".join(map(self.string, texts))

    def chunk(self, index: int, text: str) -> bytes:
        return b'data:{"text":%b,"index":%d}\n\n' % (self.string(text), index)

    def done(self, count: int) -> bytes:
        return b'data:{"chunks":%d}\nevent:done\n\n' % count


ENCODER = Encoder()


def document(status: int, key: bytes, value: bytes) -> Response:
    return Response(b'{"%b":%b}' % (key, value), status, media_type="application/json")


async def events(first: str | None, items: Items) -> AsyncGenerator[bytes, None]:
    async with items:
        count, text = 0, first
        while text is not None:
            yield ENCODER.chunk(count, text)
            count, text = count + 1, await anext(items, None)
        yield ENCODER.done(count)


async def generate(request: Request) -> Response:
    match request.query_params.get("stream"), request.query_params.get("prompt"):
        case None | "false", str(prompt):
            try:
                texts = [text async for text in upstream(prompt)]
            except UpstreamError as error:
                return document(502, b"detail", ENCODER.string(str(error)))
            return document(200, b"chunks", ENCODER.strings(texts))
        case "true", str(prompt):
            items = upstream(prompt)
            try:
                first = await anext(items, None)
            except UpstreamError as error:
                return document(502, b"detail", ENCODER.string(str(error)))
            headers = {"cache-control": "no-store", "content-type": "text/event-stream"}
            return StreamingResponse(events(first, items), headers=headers)
        case _:
            return document(422, b"detail", ENCODER.string("prompt is a text, stream is true or false"))


app = Starlette(routes=[Route("/generate", generate, methods=["GET"])])
