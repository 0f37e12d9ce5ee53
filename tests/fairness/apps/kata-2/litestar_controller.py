"""Kata 2 in Litestar: a Controller, a Pydantic model, the ProblemDetailsPlugin, and a Stream of bytes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from litestar import Controller, Litestar, Response, post
from litestar.background_tasks import BackgroundTask
from litestar.di import Provide
from litestar.exceptions import ClientException
from litestar.params import Parameter
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException, ProblemDetailsPlugin
from litestar.response import Stream
from pydantic import BaseModel, Field

from grader.kit import Items, UpstreamError, upstream


class TaskIn(BaseModel):
    task: str = Field(min_length=1)
    steps: int = Field(ge=1, le=1000)


class Run:
    """One run of a task: the steps, one at a time, and what they gave."""

    def __init__(self, task: str, total: int) -> None:
        self.total = total
        self.outcomes: list[str] = []
        self._items: Items = upstream(task)
        self._step: asyncio.Future[str] | None = None

    async def step(self) -> None:
        try:
            self.outcomes.append(await anext(self._items))
        except StopAsyncIteration:
            raise UpstreamError("the upstream has no more steps") from None

    async def step_within(self, seconds: float) -> bool:
        """Wait for the step in progress, or for a new one. False when it is still in progress after ``seconds``."""
        if self._step is None:
            self._step = asyncio.ensure_future(self.step())
        try:
            await asyncio.wait_for(asyncio.shield(self._step), seconds)
        except TimeoutError:
            if not self._step.done():
                return False
            self._step.result()
        self._step = None
        return True

    async def aclose(self) -> None:
        if self._step is not None:
            self._step.cancel()
        await self._items.aclose()


async def provide_run(data: TaskIn) -> Run:
    return Run(data.task, data.steps)


def event(name: str, data: object, *, id: int | None = None) -> bytes:
    head = f"id: {id}\n" if id is not None else ""
    return f"event: {name}\n{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def events(run: Run, heartbeat: float) -> AsyncIterator[bytes]:
    yield b"retry: 2500\n\n"
    try:
        while (done := len(run.outcomes)) < run.total:
            try:
                while not await run.step_within(heartbeat):
                    yield b": heartbeat\n\n"
            except UpstreamError as error:
                yield event("error", {"detail": str(error), "done": done})
                return
            done += 1
            yield event("progress", {"done": done, "total": run.total, "percent": 100 * done / run.total}, id=done)
        yield event("result", {"outcomes": run.outcomes})
    finally:
        await run.aclose()


class TaskController(Controller):
    path = "/tasks"
    dependencies = {"run": Provide(provide_run)}

    @post(status_code=200)
    async def run_task(
        self,
        data: TaskIn,  # Litestar reads a body for a handler that names it
        run: Run,
        stream: Literal["true", "false"] = "false",
        heartbeat: Annotated[float, Parameter(gt=0)] = 15.0,
    ) -> Response:
        if stream == "true":
            return Stream(
                events(run, heartbeat),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-store"},
                background=BackgroundTask(run.aclose),
            )
        try:
            while len(run.outcomes) < run.total:
                await run.step()
        finally:
            await run.aclose()
        return Response({"outcomes": run.outcomes})


def upstream_problem(error: UpstreamError) -> ProblemDetailsException:
    return ProblemDetailsException(status_code=502, title="The task failed", detail=str(error))


def client_problem(error: ClientException) -> ProblemDetailsException:
    status = 422 if error.status_code == 400 else error.status_code  # 404 and others stay what they are
    return ProblemDetailsException(
        status_code=status, title="The request was refused", detail=error.detail, extra={"errors": error.extra}
    )


problems = ProblemDetailsPlugin(
    ProblemDetailsConfig(
        exception_to_problem_detail_map={UpstreamError: upstream_problem, ClientException: client_problem}
    )
)

app = Litestar([TaskController], plugins=[problems])
