"""Hints for an app that has no route for a request, or redirects it: no check is about these causes."""

from __future__ import annotations

from grader.protocol.http1 import Head
from grader.text import visible

_REDIRECTS = (301, 302, 303, 307, 308)


def routing_hint(head: Head, *, method: str, path: str) -> str:
    """A hint for a status that comes from routing (RFC 9110 15.4, 15.5.5, 15.5.6), or "" for any other status."""
    request, field = f"{method} {visible(path, 60)}", dict(head.headers)
    if head.status == 404:
        return f"The app has no route for {request}. Compare method and path with those in the README."
    if head.status == 405:
        allowed = visible(field.get("allow", "other methods"), 60)
        return f"The app has a route for {visible(path, 60)}, but for {allowed} and not for {method}."
    if head.status in _REDIRECTS:
        target = visible(field.get("location", "nowhere"), 100)
        return (
            f"The app redirects {request} to {target}, and the client does not follow. Define the route for exactly "
            "the path in the README: a slash at its end makes another path."
        )
    return ""
