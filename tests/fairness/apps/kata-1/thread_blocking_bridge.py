"""Style: `blocking_upstream` in a thread of its own for each request, bridged to asyncio with call_soon_threadsafe.

Liberty: the JSON is indented, and goes out as several `data` lines, one of them empty.
    "You choose ... spaces in JSON ... several `data` lines for one event".
"""

import asyncio
import json
import threading
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse

from grader.kit import UpstreamError, blocking_upstream

app = FastAPI()


@dataclass(frozen=True)
class End:
    error: UpstreamError | None = None


class Bridge:
    """Runs the loop over the blocking upstream in a thread; the results are awaited in the event loop."""

    def __init__(self, prompt: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._items = blocking_upstream(prompt)
        self._results: asyncio.Queue[str | End] = asyncio.Queue()
        threading.Thread(target=self._run, name="pump", daemon=True).start()

    def _run(self) -> None:
        end = End()
        try:
            with self._items as items:
                for item in items:
                    self._hand_over(item)
        except UpstreamError as error:
            end = End(error)
        finally:
            self._hand_over(end)

    def _hand_over(self, result: str | End) -> None:
        try:
            self._loop.call_soon_threadsafe(self._results.put_nowait, result)
        except RuntimeError:  # the loop is closed: the server has stopped
            self._items.close()

    async def next(self) -> str | End:
        return await self._results.get()

    def close(self) -> None:
        self._items.close()


def frame(payload: dict, *fields: str) -> str:
    text = json.dumps(payload, indent=2, ensure_ascii=False)
    lines = [*fields, *(f"data: {line}" for line in text.split("\n")), "data:"]
    return "\n".join(lines) + "\n\n"


async def frames(bridge: Bridge, item: str | End):
    try:
        index = 0
        while not isinstance(item, End):
            yield frame({"index": index, "text": item})
            index += 1
            item = await bridge.next()
        if item.error is None:
            yield frame({"chunks": index}, "event: done")
    finally:
        bridge.close()


@app.get("/generate")
async def generate(prompt: str, stream: bool = False):
    bridge = Bridge(prompt)
    first = item = await bridge.next()
    if stream and not (isinstance(first, End) and first.error):
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(frames(bridge, first), media_type="text/event-stream", headers=headers)
    chunks = []
    while not isinstance(item, End):
        chunks.append(item)
        item = await bridge.next()
    if item.error:
        return JSONResponse({"detail": str(item.error)}, status_code=502)
    return {"chunks": chunks}
