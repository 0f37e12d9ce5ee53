"""What a browser keeps of a response, and sends with its next request."""

from __future__ import annotations

import httpx
import pytest

from grader.probe.kept import kept

FIELDS: dict[str, tuple[list[tuple[str, str]], dict[str, bytes]]] = {
    "nothing": ([("content-type", "text/plain")], {}),
    "a cookie": ([("set-cookie", "mode=stream; Path=/; HttpOnly")], {"Cookie": b"mode=stream"}),
    "two cookies": ([("set-cookie", "a=1"), ("set-cookie", "b=2; Max-Age=60")], {"Cookie": b"a=1; b=2"}),
    "a cookie that is over": ([("set-cookie", "a=1; max-age = 0"), ("set-cookie", "b=2")], {"Cookie": b"b=2"}),
    "a cookie that was over long ago": ([("set-cookie", "a=1; Max-Age=-7; Path=/")], {}),
    "a cookie for a while": ([("set-cookie", "a=1; Max-Age=0600")], {"Cookie": b"a=1"}),
    "a cookie of other bytes": ([("set-cookie", "a=caf\xe9")], {"Cookie": b"a=caf\xe9"}),
    "validators": (
        [("etag", 'W/"7"'), ("last-modified", "Fri, 01 Jan 2027 00:00:00 GMT")],
        {"If-None-Match": b'W/"7"', "If-Modified-Since": b"Fri, 01 Jan 2027 00:00:00 GMT"},
    ),
    "not to be stored": (
        [("etag", '"7"'), ("cache-control", "No-Store"), ("set-cookie", "a=1")],
        {"Cookie": b"a=1"},
    ),
}


@pytest.mark.parametrize("name", FIELDS)
def test_cookies_and_validators_go_back(name: str) -> None:
    fields, expected = FIELDS[name]
    assert kept(httpx.Headers(fields, encoding="latin-1")) == expected
