"""Hints for an app that has no route for a request, redirects it, or says itself that it cannot respond to it yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from grader.protocol.http1 import Head
from grader.text import visible

_REDIRECTS = (301, 302, 303, 307, 308)


def routing_hint(head: Head, *, method: str, path: str, body: bytes = b"", routes: Sequence[str] = ()) -> str:
    """A hint for a status that comes from routing (RFC 9110 15.4, 15.5.5, 15.5.6), from the framework's own checks of
    a request (15.5.21) or from a stub (15.6.2), or "" for any other status. ``routes`` are those of the app, as far as
    they are known.
    """
    request, field = f"{method} {visible(path, 60)}", dict(head.headers)
    if head.status == 422 and (refused := _refused(body)):
        return f"The app's own declaration of {request} refuses this request: {refused}."
    if head.status == 404 and routes and not any(route.split(" ")[-1] == path for route in routes):
        return f"There is no {request}: the app has {visible(', '.join(routes), 300)}."
    if head.status == 404:
        return f"The app has no route for {request}. Compare method and path with those in the README."
    if head.status == 405:
        allowed = visible(field.get("allow", "other methods"), 60)
        return f"The app has a route for {visible(path, 60)}, but for {allowed} and not for {method}."
    if head.status == 501:
        return (
            f"{request} is not written yet: the app responds with 501, Not Implemented. Write what the README asks of "
            "this request, in place of that response."
        )
    if head.status in _REDIRECTS:
        target = visible(field.get("location", "nowhere"), 100)
        return (
            f"The app redirects {request} to {target}, and the client does not follow. Define the route for exactly "
            "the path in the README: a slash at its end makes another path."
        )
    return ""


def _refused(body: bytes) -> str:
    """The fields that FastAPI names in the body of a 422, and what is wrong with each."""
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return ""
    return "; ".join(_faults(detail)) if isinstance(detail, list) else ""


def _faults(detail: list[object]) -> Iterator[str]:
    for fault in detail[:3]:
        match fault:
            case {"loc": [str(place), *names], "msg": str(words)}:
                name = ".".join(map(str, names))
                first = words[:1] if words[1:2].isupper() else words[:1].lower()  # JSON, but not Field
                yield visible(f"{place} {name}: {first}{words[1:]}".replace(" :", ":"), 120)
