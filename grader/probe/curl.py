"""A request as a curl line, to be repeated by hand."""

from __future__ import annotations

import shlex

import httpx

#: Fields that curl sends by itself, or that say nothing.
_OWN = {"host", "content-length", "user-agent"}


def curl(request: httpx.Request) -> str:
    """A curl line that repeats ``request`` to an app that was started by hand on port 8000."""
    body = request.read()
    parts = ["curl", "-N"]
    if request.method != ("POST" if body else "GET"):
        parts += ["-X", request.method]
    parts.append(f"http://127.0.0.1:8000{request.url.raw_path.decode('ascii')}")
    for name, value in request.headers.items():
        if name not in _OWN and (name, value) != ("accept", "*/*"):
            parts += ["-H", f"{name}: {value}"]
    if body:
        parts += ["--data-binary", body.decode("utf-8", "backslashreplace")]
    return shlex.join(parts)
