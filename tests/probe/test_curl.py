"""The curl line of a report repeats the request, to the byte."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import Any

import pytest

from grader.probe.client import as_fields
from grader.probe.curl import curl
from grader.probe.request import HOST, Request
from tests.probe.conftest import DEADLINE, Meet, says

ADDRESS = f"http://{HOST}"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

REQUESTS: dict[str, dict[str, Any]] = {
    "get": {"method": "GET", "url": "/generate"},
    "params": {"method": "GET", "url": "/generate", "params": {"prompt": "it's “a & b” $HOME `x` \\ 100%"}},
    "brackets": {"method": "GET", "url": "/items[1]", "params": {"a[]": "{x,y}"}},
    "json": {"method": "POST", "url": "/tasks", "json": {"prompt": "it's “quoted” \\ \n $HOME `x` !"}},
    "empty post": {"method": "POST", "url": "/tasks"},
    "put": {"method": "PUT", "url": "/tasks/1", "json": []},
    "delete": {"method": "DELETE", "url": "/tasks/1"},
    "get with a body": {"method": "GET", "url": "/", "content": b"x"},
    "broken json": {"method": "POST", "url": "/", "content": b"{'a':", "headers": {"Content-Type": "application/json"}},
    "no content type": {"method": "POST", "url": "/", "content": b"a=b"},
    "at sign": {"method": "POST", "url": "/", "content": b"@/etc/hostname", "headers": {"Content-Type": "text/plain"}},
    "lines": {"method": "POST", "url": "/", "content": b"a\r\nb\n\n", "headers": {"Content-Type": "text/plain"}},
    "controls": {
        "method": "POST",
        "url": "/",
        "content": b"\x1b[31m\t'\\'\xff\xe9",
        "headers": {"Content-Type": "a/b"},
    },
    "fields of one name": {"method": "GET", "url": "/", "headers": {"Accept": ["a/b;q=0", "c/d"], "X-A": "1"}},
    "headers": {"method": "GET", "url": "/", "headers": {"Last-Event-ID": '7 "it\'s"', "Accept": "text/event-stream"}},
    "HTTP/1.0": {"method": "POST", "url": "/tasks", "json": {"task": "index"}, "http10": True},
    "empty header": {"method": "GET", "url": "/", "headers": {"Last-Event-ID": ""}},
}


def build(name: str) -> Request:
    parts = {**REQUESTS[name]}
    headers = {"Accept": "*/*", **parts.pop("headers", {})}
    return Request.of(parts.pop("method"), parts.pop("url"), fields=as_fields(headers), **parts)


def words_of(line: str) -> list[str]:
    """The words of a command line, as Bash reads it."""
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], check=True, timeout=DEADLINE, capture_output=True)
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_line_is_one_safe_command(name: str) -> None:
    line = curl(build(name))
    assert line.isprintable()
    words = words_of(line)
    assert words[:2] == ["curl", "-N"]
    assert any(word.startswith(ADDRESS) for word in words)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("name", REQUESTS)
def test_curl_sends_the_same_request(name: str, meet: Meet) -> None:
    request = build(name)
    ends = meet(says(OK))
    host, port = ends.app.address
    line = curl(request).replace(ADDRESS, f"http://{host}:{port}")
    subprocess.run(["bash", "-c", f"{line} -s"], check=True, timeout=DEADLINE, capture_output=True)
    (seen,) = ends.app.requests
    head, _, body = seen.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    own = ("host", "user-agent", "content-length")
    fields = [(name.lower(), value.strip()) for name, _, value in (item.partition(":") for item in lines)]
    fields = sorted(field for field in fields if field[0] not in own)
    expected = sorted(field for field in request.lines if field[0] not in own)
    assert first == f"{request.method} {request.target} HTTP/{request.version}"
    assert body == request.body
    assert fields == expected


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("json", [None, {"task": "index"}], ids=["get", "post"])
def test_the_client_end_looks_like_curl(json: object, meet: Meet) -> None:
    """The same fields in the same order: no app can tell a grade from a request by hand."""
    ends = meet(says(OK))
    host, port = ends.app.address
    ends.client.request("POST" if json else "GET", "/tasks", json=json).wait_for_end()
    (line,) = ends.session.requests
    by_hand = shlex.split(line.replace(ADDRESS, f"http://{host}:{port}"))
    subprocess.run([*by_hand, "-s", "-q"], check=True, timeout=DEADLINE, capture_output=True)
    ours, curls = (request.partition(b"\r\n\r\n")[0].decode().lower() for request in ends.app.requests)
    curls = re.sub(r"curl/[\d.]+", "curl/8.5.0", curls).replace(f"{host}:{port}", "127.0.0.1:8000")
    assert ours == curls


def test_a_head_request_does_not_wait_for_a_body() -> None:
    assert "--head" in shlex.split(curl(Request.of("HEAD", "/")))


def test_a_short_line_stays_short() -> None:
    assert curl(Request.of("GET", "/generate", fields=[(b"Accept", b"*/*")])) == f"curl -N {ADDRESS}/generate"


def test_a_body_that_is_no_text_is_spelled_out() -> None:
    """A shell can pass on any byte but NUL; where that one was can still be read."""
    line = curl(Request.of("POST", "/", content=b"\xff\x00"))
    assert r"$'\377\\x00'" in line
