"""A request as a curl command, to reproduce it without the grader."""

from __future__ import annotations

import shlex

from grader.probe.request import HOST, Request

#: Fields that curl sends by itself.
_OWN = {"host", "content-length", "user-agent"}


def curl(request: Request, *, after: str = "") -> str:
    """A curl command that sends ``request`` to an app on port 8000 of this machine.

    With the command ``after`` it sends that one's requests first, and this one on the same connection.
    """
    body = request.body
    url = f"http://{HOST}{request.target}"
    parts = [] if after else ["curl"]
    parts.append("-N")
    if request.version == "1.0":
        parts.append("--http1.0")
    if request.method == "HEAD":
        parts.append("--head")
    elif request.method != ("POST" if body else "GET"):
        parts += ["-X", request.method]
    if "[" in url:
        parts.append("--globoff")
    parts.append(url)
    for name, value in request.lines:
        if name not in _OWN and (name, value) != ("accept", "*/*"):
            parts += ["-H", f"{name}: {value}" if value else f"{name};"]
    if body:
        if "content-type" not in request.headers:
            parts += ["-H", "content-type:"]  # or curl would add application/x-www-form-urlencoded
        text = body.decode("utf-8", "surrogateescape").replace("\0", "\\x00")
        parts += ["--data-raw" if text.startswith("@") else "--data-binary", text]
    command = " ".join(map(_quoted, parts))
    return f"{after} --next {command}" if after else command


def _quoted(word: str) -> str:
    """``word`` for a shell: printable, whatever it holds, and so the same when it is copied from a report.

    What is not printable is written as Bash, Zsh and POSIX 2024 read it: $'...'.
    """
    if word.isprintable():
        return shlex.quote(word)
    escaped = "".join(_escaped(char) for char in word)
    return f"$'{escaped}'"


def _escaped(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
