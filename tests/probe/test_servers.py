"""What real servers send for right apps is read without a fault, whichever server and event loop they use."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

from grader.grading.rig import Rig
from grader.probe.client import Client
from grader.probe.session import Session
from grader.serving.launch import Launch

APP = """
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    async def sized(request):
        return JSONResponse({"read": len(await request.body())})

    async def streamed(request):
        async def parts():
            for number in range(300):
                yield f"data: {number}\\n\\n" * 100
        return StreamingResponse(parts(), media_type="text/event-stream")

    async def empty(request):
        return Response(status_code=204)

    async def unchanged(request):
        return Response(status_code=304, headers={"etag": "x"})

    async def nothing(request):
        return Response(b"", media_type="text/plain")

    async def sized_stream(request):
        async def parts():
            yield b"one"
            yield b""
            yield b" two"
        return StreamingResponse(parts(), headers={"content-length": "7"})

    ways = (sized, streamed, empty, unchanged, nothing, sized_stream)
    app = Starlette(routes=[Route("/" + way.__name__, way, methods=["GET", "HEAD", "POST"]) for way in ways])
"""


@pytest.fixture(scope="module", params=["asyncio h11", "asyncio httptools", "uvloop h11", "uvloop httptools"])
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    loop, http = request.param.split()
    for part in (loop, http):
        pytest.importorskip(part)
    file = tmp_path_factory.mktemp("app") / "app.py"
    file.write_text(textwrap.dedent(APP), "utf-8")
    with Rig(Launch(file, loop=loop, http=http), seed="a seed") as found:
        found.wait_until_ready()
        yield found


@pytest.fixture
def client(rig: Rig, request: pytest.FixtureRequest) -> Iterator[Client]:
    session: Session = rig.session(request.node.name, request.path.parent)
    yield Client(session)
    session.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("path", "status", "size"),
    [
        ("/sized", 200, 10),
        ("/streamed", 200, 319000),
        ("/empty", 204, 0),
        ("/unchanged", 304, 0),
        ("/nothing", 200, 0),
        ("/sized_stream", 200, 7),
        ("/missing", 404, 9),
    ],
)
def test_each_kind_of_response_ends_well(method: str, path: str, status: int, size: int, client: Client) -> None:
    response = client.request(method, path, content=None if method == "HEAD" else b"")
    assert response.status == status
    assert len(response.body()) == (0 if method == "HEAD" else size)


def test_interim_responses_come_before_the_final_one(client: Client) -> None:
    response = client.post("/sized", content=b"x" * 1000, headers={"Expect": "100-continue"})
    assert (response.status, response.json()) == (200, {"read": 1000})


def test_an_error_of_the_app_ends_well(client: Client) -> None:
    response = client.request("DELETE", "/sized")
    assert (response.status, response.body()) == (405, b"Method Not Allowed")
