"""What a browser keeps of a response, and sends with its next request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import httpx

#: A field of a response, and the one in which a browser sends it back (RFC 9110 13.1.2 and 13.1.3).
_VALIDATORS: Final = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
#: With that an app ends a cookie.
_IS_OVER: Final = re.compile(r";?\s*max-age\s*=\s*(?:0+|-\d+)\s*(?:;|$)", re.IGNORECASE)


def kept(headers: httpx.Headers) -> dict[str, bytes]:
    """The fields with which a browser would ask again: cookies, and what tells whether it has the response already.

    Cookies with a Max-Age of 0 or less are left out (RFC 6265 5.2.2), and of a response with ``no-store`` all but its
    cookies. Expires, Path and Secure are not looked at.
    """
    found: dict[str, bytes] = {}
    if cookies := "; ".join(_cookies(headers.get_list("set-cookie"))):
        found["Cookie"] = _as_sent(cookies)
    if "no-store" in headers.get("cache-control", "").lower():
        return found
    return found | {_VALIDATORS[name]: _as_sent(headers[name]) for name in _VALIDATORS if name in headers}


def _cookies(fields: Iterable[str]) -> Iterator[str]:
    for field in fields:
        pair, _, attributes = field.partition(";")
        if not _IS_OVER.search(attributes):
            yield pair.strip()


def _as_sent(value: str) -> bytes:
    return value.strip().encode("latin-1")  # as the head was read: the very bytes go back
