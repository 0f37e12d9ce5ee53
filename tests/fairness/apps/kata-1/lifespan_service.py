"""Style: a Protocol, frozen settings and a factory put into the lifespan state, and injected into an APIRouter.

Liberty: many other spellings count as true or false, in any case and with spaces around them: 1, yes, on, t, 0, no ...
    "You decide whether other spellings, such as `True`, `1` and `yes`, count as true or false".
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Protocol, TypedDict

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, BeforeValidator

from grader.kit import UpstreamError, upstream


class Source(Protocol):
    def __call__(self, key: str) -> AsyncIterator[str]: ...


@dataclass(frozen=True)
class Settings:
    cache_control: str = "no-store"
    spellings: dict[bool, frozenset[str]] = field(
        default_factory=lambda: {
            True: frozenset("true t yes y on 1".split()),
            False: frozenset("false f no n off 0".split()),
        }
    )


SETTINGS = Settings()


class State(TypedDict):
    source: Source
    settings: Settings


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    yield {"source": upstream, "settings": SETTINGS}


def lenient(value: object) -> bool:
    word = str(value).strip().casefold()
    for meaning, words in SETTINGS.spellings.items():
        if word in words:
            return meaning
    raise ValueError("neither true nor false")


class Batch(BaseModel):
    chunks: list[str]


def source_of(request: Request) -> Source:
    return request.state.source


router = APIRouter()


@router.get("/generate", response_model=Batch)
async def generate(
    request: Request,
    prompt: Annotated[str, Query()],
    source: Annotated[Source, Depends(source_of)],
    stream: Annotated[bool, BeforeValidator(lenient), Query()] = False,
):
    chunks = aiter(source(prompt))
    first: list[str] = []
    async for chunk in chunks:
        first.append(chunk)
        break
    if not stream:
        return Batch(chunks=first + [chunk async for chunk in chunks] if first else [])
    headers = {"Cache-Control": request.state.settings.cache_control}
    return StreamingResponse(report(first, chunks), 200, headers, "text/event-stream")


async def report(first: list[str], chunks: AsyncIterator[str]) -> AsyncIterator[str]:
    count = len(first)
    for chunk in first:
        yield f"data: {json.dumps({'index': 0, 'text': chunk})}\r\n\r\n"
    if first:
        async for chunk in chunks:
            yield f"data: {json.dumps({'index': count, 'text': chunk})}\r\n\r\n"
            count += 1
    yield f"event: done\r\ndata: {json.dumps({'chunks': count})}\r\n\r\n"


async def bad_gateway(_: Request, error: UpstreamError) -> JSONResponse:
    return JSONResponse({"detail": str(error) or "the upstream failed"}, status_code=502)


async def unprocessable(_: Request, error: RequestValidationError) -> JSONResponse:
    return JSONResponse({"detail": [item["msg"] for item in error.errors()]}, status_code=422)


def create_app() -> FastAPI:
    made = FastAPI(lifespan=lifespan)
    made.include_router(router)
    made.add_exception_handler(UpstreamError, bad_gateway)
    made.add_exception_handler(RequestValidationError, unprocessable)
    return made


app = create_app()
