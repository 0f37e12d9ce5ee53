"""A request in a few words: enough to tell it from the others of a check."""

from __future__ import annotations

import json
from urllib.parse import unquote_plus

from grader.text import visible, visible_bytes

#: Characters of a query parameter's value: its name tells more about the request.
_VALUE = 12


def brief(target: str, body: bytes, limit: int = 200) -> str:
    """Method, path, and parameters with their values shortened; then the body. ``target`` has method and address."""
    path, _, query = target.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    shown = [f"{unquote_plus(name)}{sign}{visible(unquote_plus(value), _VALUE)}" for name, sign, value in pairs]
    line = path + ("?" + "&".join(shown) if shown else "")
    return visible(f"{line} {_compact(body, limit)}".rstrip(), limit)


def _compact(body: bytes, limit: int) -> str:
    """A JSON object with its values shortened; any other body as it is."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return visible_bytes(body, limit)
    members = [f"{name}: {visible(_as_json(member), 2 * _VALUE)}" for name, member in value.items()]
    return "{" + ", ".join(members) + "}"


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
