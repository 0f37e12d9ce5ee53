"""Example 4: a client that reads slowly, a queue with a bound, and a queue without.

    make example-4

Or serve the app alone, read slowly, and see how far it has got in the meantime. (It takes many items, because an
ordinary kernel buffers some megabytes by itself.)

    .venv/bin/uvicorn --app-dir examples example_4:app
    curl -N --limit-rate 20K 'http://127.0.0.1:8000/bounded?items=50000' > /dev/null
    curl http://127.0.0.1:8000/made
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing, closing
from typing import Annotated

from fastapi import FastAPI, Query

from slow_client import SlowClient
from sse import EventStream, event
from stage import Stage, run

log = logging.getLogger("server")
app = FastAPI(title="Firehose")

ITEMS = 20_000
ITEM_SIZE = 1024  # bytes, more or less
BOUND = 16  # items; enough to even out short delays, and only 16 KiB of memory
made: Counter[str] = Counter()

Items = Annotated[int, Query(ge=1, le=100_000)]
Queue = asyncio.Queue[str | Exception | None]


async def source(name: str, items: int) -> AsyncGenerator[str]:
    """Produce items as fast as it can."""
    for number in range(1, items + 1):
        # Lets the event loop iterate, as any real source does that waits for a file or a network.
        await asyncio.sleep(0)
        made[name] = number
        yield f"{number} {'.' * (ITEM_SIZE - 20)}"


@app.get("/bounded")
async def bounded(items: Items = ITEMS) -> EventStream:
    """The right way: a full queue makes `put` wait, so the producer is only as fast as the client."""
    return EventStream(through_queue(asyncio.Queue(maxsize=BOUND), "bounded", items))


@app.get("/unbounded")
async def unbounded(items: Items = ITEMS) -> EventStream:
    """The wrong way: `put` never waits. All that the client has not read piles up in memory."""
    return EventStream(through_queue(asyncio.Queue(), "unbounded", items))


async def through_queue(queue: Queue, name: str, items: int) -> AsyncGenerator[str]:
    """Send what a producer, running as a task of its own, puts into the queue.

    With one source no queue is needed: `async for ... yield` has the same effect as a queue of one. Queues
    serve where several producers feed one stream, or one producer feeds several.
    """
    made[name] = 0
    producer = asyncio.create_task(fill(queue, name, items))  # kept: without a reference it may be collected
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            # Here a slow client takes effect: `yield` returns when the server has room for more.
            yield event(item)
    finally:
        producer.cancel()  # the client has disconnected; when all is sent, this does nothing
        log.info("stream closed: %s made %d", name, made[name])


async def fill(queue: Queue, name: str, items: int) -> None:
    """Put all items into the queue, then None; or the error, so that the stream does not wait forever."""
    waited = False
    try:
        async with aclosing(source(name, items)) as produced:
            async for item in produced:
                if queue.full() and not waited:
                    waited = True
                    log.info("%s: full, so put waits", name)
                await queue.put(item)
    except Exception as error:
        await queue.put(error)
    else:
        log.info("%s: all %d made", name, items)
        await queue.put(None)


@app.get("/made")
async def get_made() -> dict[str, int]:
    """Return how many items each producer has made so far."""
    log.info("bounded made %d, unbounded %d", made["bounded"], made["unbounded"])
    return made


# --- The show: a slow client of this app -------------------------------------------------------------------

SIPS, SIP, PAUSE = 8, 20, 0.15  # how often the client reads, how many items each time, the seconds between
SMALL = 8192  # bytes of send buffer; with an ordinary system's megabytes it would take long to show
Figures = dict[str, int]


def show(stage: Stage) -> None:
    """Read from both streams slowly, at the same time, then compare."""
    stage.scene(f"Two producers of {ITEMS} items, and a slow client of both")
    with ExitStack() as stack:
        clients = {
            name: stack.enter_context(closing(SlowClient(stage.address, f"/{name}")))
            for name in ("bounded", "unbounded")
        }
        most = read_slowly(stage, clients)
        stage.wait_for_server("unbounded: all")
        last = look(stage, clients)
        stage.client("disconnects from both")
    for name in clients:
        stage.wait_for_server(f"stream closed: {name}")
    show_figures(stage, SIPS * SIP, last, {name: max(most[name], last[name]) for name in most})


def read_slowly(stage: Stage, clients: dict[str, SlowClient]) -> Figures:
    """Read a little from each, several times. Return how far ahead each producer was at most."""
    most = dict.fromkeys(clients, 0)
    for _ in range(SIPS):
        time.sleep(PAUSE)  # the client has its own thread, so nothing else waits
        for client in clients.values():
            client.sip(SIP)
        most = {name: max(most[name], lead) for name, lead in look(stage, clients).items()}
    return most


def look(stage: Stage, clients: dict[str, SlowClient]) -> Figures:
    """Ask the server how many items it has made. Return how many of them the client has not read."""
    with stage.http() as control:
        made_now = control.get("/made").json()
    leads = {name: made_now[name] - client.read for name, client in clients.items()}
    stage.client(f"read {clients['bounded'].read} of each; ahead: {leads['bounded']}, {leads['unbounded']}")
    return leads


def show_figures(stage: Stage, read: int, last: Figures, most: Figures) -> None:
    """Put both ways side by side, and explain which buffers the bounded one fills."""
    rows = [f"{'items':<28} {'bounded':>9} {'unbounded':>9}", f"{'read by the client':<28} {read:>9} {read:>9}"]
    for title, figures in (("made and not read, at most", most), ("made and not read, at last", last)):
        rows.append(f"{title:<28} {figures['bounded']:>9} {figures['unbounded']:>9}")
    stage.table(rows)
    stage.note(EXPLANATION)


EXPLANATION = f"""
Bounded: ahead by no more than the buffers hold. They are the queue ({BOUND} items), uvicorn's \
buffer (64 KiB), and the kernel's for sending and receiving (made small here). When the last of them is \
full, the server's send waits; so yield waits, the queue fills, and put waits. When the client reads, there \
is room again, and they go on. An item is about 1 KiB.
Unbounded: nothing waits. Items that were not read were in the server's memory, and so it is for each client.
"""


if __name__ == "__main__":
    run("Example 4: a slow client, with backpressure and without", app, show, send_buffer=SMALL)
