"""The routes of an app, so that a report on a 404 can name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

#: Routes that are reported, and characters of each.
_MOST, _LONGEST = 30, 100
#: Routes that FastAPI adds by itself.
_OWN = frozenset({"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"})


def routes_of(app: object) -> tuple[str, ...]:
    """Such as "GET /generate"; empty where the framework does not tell them. Never raises: the app may be anything."""
    found: list[str] = []
    with suppress(Exception):
        found.extend(_routes(app))
    return tuple(found[:_MOST])


def _routes(app: object) -> Iterator[str]:
    for route in list(getattr(app, "routes", None) or ()):
        path = getattr(route, "path", None)
        if isinstance(path, str) and path not in _OWN:
            methods = sorted(set(map(str, getattr(route, "methods", None) or ())) - {"HEAD", "OPTIONS"})
            yield f"{' or '.join(methods)} {path}".strip()[:_LONGEST]
