"""A kata that is small, sound and fair, to be written into a temporary folder and spoilt there in one way."""

from __future__ import annotations

import textwrap
from pathlib import Path

NAME = "kata-77-small-echo"

MANIFEST = 'title = "Small echo"\nconcepts = ["batch"]\nversion = "1.0"\nformat = 1\n'
README = """
    # Kata 77

    Your server must show that

    - the answer is JSON
    - the answer is all that the upstream gives, in order
"""
SPECIFICATION = '''
    """Kata 77: an echo."""

    from grader.spec import Client, Draw, Upstream, check


    @check(points=1, requirement="RFC 9110 8.3: A sender says in Content-Type what the content is.")
    def test_is_json(client: Client, upstream: Upstream) -> None:
        """the answer is JSON"""
        upstream.give_all(["one"])
        response = client.get("/echo", params={"key": upstream.key})
        assert (response.status, response.content_type) == (200, "application/json")


    @check(points=2, after=test_is_json, requirement="the answer is all that the upstream gives, in order")
    def test_all_items(client: Client, upstream: Upstream, draw: Draw) -> None:
        """the answer is all that the upstream gives, in order"""
        items = draw.texts(3)
        upstream.give_all(items)
        response = client.get("/echo", params={"key": upstream.key})
        assert response.json(schema="echo")["items"] == items
'''
HINTS = """
    [is_json]
    hints = ["Say so in a header field."]

    [all_items]
    hints = ["`async for item in upstream(key)` gives them all."]
"""
APP = """
    import json
    from urllib.parse import parse_qs

    from grader.kit import upstream

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        key = parse_qs(scope["query_string"].decode())["key"][0]
        items = {items}
        head = [(b"content-type", b"{kind}")]
        await send({{"type": "http.response.start", "status": 200, "headers": head}})
        await send({{"type": "http.response.body", "body": json.dumps({{"items": items}}).encode()}})
"""
ITEMS = "[item async for item in upstream(key)]"
SOLUTION = APP.format(items=ITEMS, kind="application/json")
STUB = APP.format(items="[]", kind="text/html")
VARIANT = APP.format(items=ITEMS, kind="application/json; charset=utf-8")
NO_TYPE = APP.format(items=ITEMS, kind="text/html")
NO_ITEMS = APP.format(items="[]", kind="application/json")


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
    return file


def make_kata(root: Path, name: str = NAME) -> Path:
    """A sound kata in ``root``/katas, which a setting names, with ``root``/solutions; returns the kata's folder."""
    write(root / "stream-katas.toml", 'katas = ["katas"]')
    folder = root / "katas" / name
    write(folder / "kata.toml", MANIFEST)
    write(folder / "README.md", README)
    write(folder / "app.py", STUB)
    write(folder / "spec" / "test_echo.py", SPECIFICATION)
    write(folder / "spec" / "hints.toml", HINTS)
    write(folder / "schemas" / "echo.json", '{"type": "object", "required": ["items"]}\n')
    solutions = root / "solutions" / name
    write(solutions / "app.py", SOLUTION)
    write(solutions / "variants" / "charset.py", VARIANT)
    write(solutions / "wrong" / "no_type.py", '"""No type.\n\nFails: is_json\n"""\n' + textwrap.dedent(NO_TYPE))
    write(solutions / "wrong" / "no_items.py", '"""No items.\n\nFails: all_items\n"""\n' + textwrap.dedent(NO_ITEMS))
    return folder
