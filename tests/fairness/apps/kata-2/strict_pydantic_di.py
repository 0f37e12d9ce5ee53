"""Style: strict Pydantic models for all that goes in and out, Depends with Annotated, lifespan state, ULID-like request
ids.

Liberty: the last `progress` event and the `result` go out in one piece; before, each event goes out in three pieces.
    "Each event is sent at once: it reaches the client before the next step is done"; "After the last step comes an event
    of type `result`".
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from grader.kit import Items, UpstreamError, upstream

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid() -> str:
    number = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Job(Strict):
    task: Annotated[StrictStr, Field(min_length=1)]
    steps: Annotated[StrictInt, Field(ge=1, le=1000)]


class Outcomes(Strict):
    outcomes: list[str]


class Progress(Strict):
    done: int
    total: int
    percent: int


class Failed(Strict):
    detail: str
    done: int


class Problem(Strict):
    type: str = "about:blank"
    title: str = "Bad Gateway"
    status: int = 502
    detail: str


class Options(BaseModel):
    stream: bool = False
    heartbeat: float = Field(15, gt=0)


def encode(name: str, model: BaseModel, number: int | None = None) -> bytes:
    head = f"event: {name}\n" if number is None else f"event: {name}\nid: {number}\n"
    return f"{head}data: {model.model_dump_json()}\n\n".encode()


class TaskService:
    def __init__(self, connect: Callable[[str], Items]) -> None:
        self.connect = connect

    async def batch(self, job: Job) -> Outcomes:
        async with self.connect(job.task) as items:
            return Outcomes(outcomes=[await anext(items) for _ in range(job.steps)])

    async def stream(self, job: Job, heartbeat: float) -> AsyncIterator[bytes]:
        yield b"retry: 3000\n\n"
        outcomes: list[str] = []
        items = self.connect(job.task)
        step: asyncio.Task[str] | None = None
        try:
            for done in range(1, job.steps + 1):
                step = asyncio.create_task(anext(items), name=f"{job.task[:10]}/{done}")
                while not await self.waited(step, heartbeat):
                    yield b": patience\n\n"
                outcomes.append(await step)
                progress = Progress(done=done, total=job.steps, percent=100 * done // job.steps)
                frame = encode("progress", progress, done)
                if done == job.steps:
                    yield frame + encode("result", Outcomes(outcomes=outcomes))
                else:
                    for piece in (frame[:10], frame[10:-1], frame[-1:]):
                        yield piece
        except UpstreamError as error:
            yield encode("error", Failed(detail=str(error), done=len(outcomes)))
        finally:
            if step is not None:
                step.cancel()
            await items.aclose()

    @staticmethod
    async def waited(step: "asyncio.Task[str]", seconds: float) -> bool:
        finished, _ = await asyncio.wait({step}, timeout=seconds)
        return bool(finished)


@asynccontextmanager
async def lifespan(_: FastAPI):
    yield {"service": TaskService(upstream)}


def service_of(request: Request) -> TaskService:
    return request.state.service


router = APIRouter()


@router.post("/tasks", response_model=None)
async def tasks(
    job: Job, options: Annotated[Options, Query()], service: Annotated[TaskService, Depends(service_of)]
) -> Response | Outcomes:
    headers = {"X-Request-Id": ulid()}
    if options.stream:
        return StreamingResponse(service.stream(job, options.heartbeat), 200, headers, "text/event-stream")
    outcomes = await service.batch(job)
    return Response(outcomes.model_dump_json(), headers=headers, media_type="application/json")


async def failed(_: Request, error: UpstreamError) -> Response:
    return Response(Problem(detail=str(error)).model_dump_json(), 502, media_type="application/problem+json")


app = FastAPI(lifespan=lifespan)
app.include_router(router)
app.add_exception_handler(UpstreamError, failed)
