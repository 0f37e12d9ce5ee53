"""Katas of a few lines, to grade in tests: a folder as an instructor writes it, with an app beside the stub."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path

SPEC = "from grader.spec import Client, Draw, Pace, Recorded, Upstream, check, law\n"

#: Answers "/" with "hello"; what a test needs more of it stands in ``more``, a function that is asked first.
APP = """
    import asyncio, os
    from grader.kit import UpstreamError, upstream

    async def more(path, answer):
        return False

    async def app(scope, receive, send):
        async def answer(body, kind="text/plain", status=200):
            head = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": body})

        if scope["type"] == "http" and not await more(scope["path"], answer):
            await answer(b"hello")
"""


def app_with(more: str) -> str:
    """The app's source, with another ``more(path, answer)``."""
    return textwrap.dedent(APP) + textwrap.dedent(more)


def write_kata(
    root: Path,
    spec: str | Mapping[str, str],
    *,
    app: str = APP,
    name: str = "kata-1-tiny",
    schemas: Mapping[str, object] | None = None,
    hints: Mapping[str, list[str]] | None = None,
) -> str:
    """Write a kata into ``root``; returns its path. ``spec`` is one file, or several by their names."""
    folder = root / name
    files = {"test_tiny.py": spec} if isinstance(spec, str) else spec
    (folder / "spec").mkdir(parents=True)
    for file, source in files.items():
        (folder / "spec" / file).write_text(SPEC + textwrap.dedent(source), "utf-8")
    tables = [f"[{check}]\nhints = {json.dumps(texts)}\n" for check, texts in (hints or {}).items()]
    (folder / "spec" / "hints.toml").write_text("".join(tables), "utf-8")
    (folder / "schemas").mkdir()
    for schema, content in (schemas or {}).items():
        (folder / "schemas" / f"{schema}.json").write_text(json.dumps(content), "utf-8")
    (folder / "kata.toml").write_text('title = "Tiny"\nconcepts = ["smallness"]\n', "utf-8")
    (folder / "README.md").write_text("# Tiny\n", "utf-8")
    (folder / "app.py").write_text(textwrap.dedent(app), "utf-8")
    return str(folder)
