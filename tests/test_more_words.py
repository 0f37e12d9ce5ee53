"""The examples of more words in docs/authoring.md hold for an app that does what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT
from tests.tiny import SPEC, write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade

APP = """
    import json
    from pathlib import Path
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route
    from grader.kit import upstream

    NOTE = Path(__file__).with_name("note.txt")
    open_streams = set()

    async def events(key, first):
        mine = object()
        open_streams.add(mine)
        try:
            number = -1
            yield "retry: 2500\\n\\n"
            async for item in upstream(key):
                number += 1
                if number >= first:
                    yield f"id: {number}\\ndata: {item}\\n\\n"
        finally:
            open_streams.discard(mine)

    async def stream(request):
        first = int(request.headers.get("last-event-id", "-1")) + 1
        return StreamingResponse(events(request.query_params["key"], first), media_type="text/event-stream")

    async def counted(request):
        return JSONResponse({"streams": len(open_streams)})

    async def notes(request):
        if request.method == "POST":
            NOTE.write_bytes(await request.body())
        return Response(NOTE.read_bytes())

    async def lines(request):
        items = upstream(request.query_params["key"])
        return StreamingResponse(
            (json.dumps({"item": item}) + "\\n" async for item in items), media_type="application/x-ndjson"
        )

    async def text(request):
        return StreamingResponse(upstream(request.query_params["key"]), media_type="text/plain")

    app = Starlette(routes=[
        Route("/stream", stream), Route("/open", counted), Route("/notes", notes, methods=["GET", "POST"]),
        Route("/lines", lines), Route("/text", text),
    ])
"""


def examples() -> str:
    guide = (ROOT / "docs" / "authoring.md").read_text("utf-8")
    section = guide.partition("### More of what a check can do")[2]
    found = re.search(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_examples_are_right(tmp_path: Path, grade: Grade) -> None:
    spec = examples()
    assert spec.startswith("from grader.spec import")
    kata = write_kata(tmp_path, spec.partition("\n")[2], app=APP)
    assert all(name in SPEC for name in ("Client", "Draw", "Upstream", "check"))
    done = grade(kata, json_report=True)
    assert set(done.outcomes().values()) == {"passed"}, done.out
    assert len(done.outcomes()) == spec.count("@check(")
