"""Example 1: the same response, as a batch and as a stream.

    make example-1

Or serve the app alone, and watch the lines come one by one (-N: curl, do not buffer; -i: show headers):

    .venv/bin/uvicorn --app-dir examples example_1:app
    curl -iN 'http://127.0.0.1:8000/forecast?stream=true'
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from sse import EventStream, json_event, read_events
from stage import Stage, run

log = logging.getLogger("server")
app = FastAPI(title="Forecast")

FORECAST = {"Mon": "rain", "Tue": "rain\nand wind", "Wed": "clouds", "Thu": "sun", "Fri": "sun"}
WORK = 0.2  # seconds that each day takes


async def forecast() -> AsyncGenerator[dict[str, str]]:
    """Compute one day after another. This is the content; how it is sent is decided elsewhere."""
    for day, weather in FORECAST.items():
        # An `await`, not time.sleep(): while this request waits, the server can serve others.
        await asyncio.sleep(WORK)
        log.info("%s is ready", day)
        yield {"day": day, "weather": weather}


@app.get("/forecast")
async def get_forecast(stream: bool = False) -> Response:
    """Send the whole forecast at once, or each day as soon as it is ready."""
    if stream:
        # This returns at once: status and headers are sent now, the days follow.
        log.info("stream: headers are sent now")
        return EventStream(as_events())
    # Nothing is sent, not even the status, until the last day is ready.
    log.info("batch: headers wait for the last day")
    return JSONResponse([day async for day in forecast()])


async def as_events() -> AsyncGenerator[str]:
    """Turn each day into an event, and send a last event that says that the stream is complete.

    To a client, a stream that ends looks like one whose connection broke. Only an event shows the difference.
    """
    # `aclosing`: when this generator is closed early, the one it reads from is closed with it.
    async with aclosing(forecast()) as days:
        async for day in days:
            yield json_event(day)
    yield json_event({"days": len(FORECAST)}, name="done")


# --- The show: a client of this app ------------------------------------------------------------------------


def show(stage: Stage) -> None:
    """Request the stream, then the batch, and compare."""
    with stage.http() as http:
        stage.scene("As a stream: GET /forecast?stream=true")
        stream_first, stream_all, streamed = show_stream(stage, http)
        stage.scene("As a batch: GET /forecast")
        batch_all, whole = show_batch(stage, http)
    rows = ["                 stream    batch"]
    rows += [f"first day after  {stream_first:5.2f} s  {batch_all:5.2f} s"]
    rows += [f"last day after   {stream_all:5.2f} s  {batch_all:5.2f} s"]
    rows += ["", f"One event, as it is sent:  {json_event(whole[0]).encode()!r}"]
    stage.table(rows)
    same = "the same" if streamed == whole else "NOT the same"
    stage.note(f"The days are {same}. The stream is not faster, but its reader can begin early.")


def show_stream(stage: Stage, http: httpx.Client) -> tuple[float, float, list[object]]:
    """Read the stream as it arrives. Return when the first and the last day came, and the days."""
    days: list[object] = []
    first = last = 0.0
    with http.stream("GET", "/forecast", params={"stream": True}) as reply:
        show_headers(stage, reply)
        for event in read_events(reply.iter_bytes()):
            stage.client(f"{event.name}: {event.data}")
            if event.name == "done":
                break
            days.append(json.loads(event.data))
            last = stage.elapsed()
            first = first or last
    return first, last, days


def show_batch(stage: Stage, http: httpx.Client) -> tuple[float, list[object]]:
    """Wait for the batch. Return when it came, and the days."""
    reply = http.get("/forecast")
    arrived = stage.elapsed()
    show_headers(stage, reply)
    days: list[object] = reply.json()
    stage.client(f"all {len(days)} at once: {json.dumps(days)}")
    return arrived, days


def show_headers(stage: Stage, reply: httpx.Response) -> None:
    """Show the status, and the headers in which the two modes differ."""
    stage.client(f"{reply.status_code} {reply.reason_phrase}")
    for name in ("Content-Type", "Content-Length", "Transfer-Encoding", "Cache-Control"):
        if name in reply.headers:
            stage.client(f"{name}: {reply.headers[name]}")


if __name__ == "__main__":
    run("Example 1: the same response, as a stream and as a batch", app, show)
