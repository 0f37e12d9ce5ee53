"""Server-sent events, both ways: write one event, respond with a stream of them, read them back.

The format is that of the WHATWG HTML standard, section 9.2. All four examples use it.
"""

import codecs
import json
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from fastapi.responses import StreamingResponse
from starlette.types import Send

# The only three line endings of the format. str.splitlines() also splits at U+2028, form feed and others, and
# so would cut text that contains one of those.
LINE_END = re.compile(r"\r\n|\r|\n")


def event(data: str, *, name: str | None = None) -> str:
    """Write one event: a `data:` line for every line of the data, then a blank line, which ends the event."""
    lines = [f"data: {line}" for line in LINE_END.split(data)]
    if name is not None:
        if LINE_END.search(name):
            raise ValueError("an event's name is one line")
        lines.insert(0, f"event: {name}")
    return "\n".join(lines) + "\n\n"


def json_event(value: object, *, name: str | None = None) -> str:
    """Write one event whose data is JSON. NaN is refused: it is not valid JSON, and browsers cannot read it."""
    return event(json.dumps(value, ensure_ascii=False, allow_nan=False), name=name)


class EventStream(StreamingResponse):
    """A response with the events that a generator yields. Each one is sent before the next is pulled."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str], headers: dict[str, str] | None = None) -> None:
        """Keep the generator, to close it later. A live stream must not come from a cache."""
        super().__init__(events, headers={"Cache-Control": "no-cache"} | (headers or {}))
        self.events = events

    async def stream_response(self, send: Send) -> None:
        """Send the events, and close the generator whatever happens.

        When the client disconnects while `send` waits, the generator is suspended at its `yield`, and nothing is
        raised in it. Without `aclosing`, its `finally` would run only at garbage collection.
        """
        async with aclosing(self.events):
            await super().stream_response(send)


@dataclass(frozen=True)
class Event:
    """One event, as a client reads it."""

    data: str
    name: str = "message"


def read_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """Read events from bytes that may be cut anywhere. An event without a blank line after it is dropped."""
    data: list[str] = []
    name = ""
    for line in _lines(chunks):
        if not line:
            if data:
                yield Event("\n".join(data), name or "message")
            data, name = [], ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
        # Anything else is a comment (empty field name), an id or a retry, which no example sends.


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Decode and cut into lines. An unfinished last line is dropped."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    rest, first, after_cr = "", True, False
    for chunk in chunks:
        text = decode(chunk)
        if not text:
            continue
        if first:
            text, first = text.removeprefix("\ufeff"), False
        if after_cr:  # this line feed belongs to a line ending that was cut in two
            text = text.removeprefix("\n")
        # A carriage return ends its line at once: waiting to see what follows would delay the event.
        after_cr = text.endswith("\r")
        *done, rest = LINE_END.split(rest + text)
        yield from done
