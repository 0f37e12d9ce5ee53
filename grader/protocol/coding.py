"""The content coding gzip (RFC 9110 8.4.1.3): what a client that accepts it gets, decoded as it comes."""

from __future__ import annotations

import zlib

from grader.protocol.http1 import Head

_FIELD = "content-encoding"
#: RFC 9110 8.4.1.3: recipients treat x-gzip as gzip. Of a deflated body with a header and a trailer (RFC 1952).
_NAMES = ("gzip", "x-gzip")
_WITH_GZIP_HEADER = 31


class NotGzip(Exception):
    """A body that its header section calls gzip is not; the message says why."""


class GzipDecoder:
    """Decodes one body. What an app flushes can be read at once; what it keeps in its compressor has not been sent."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_WITH_GZIP_HEADER)
        self._has_begun = False

    def close(self) -> None:
        """The body has ended. Raises NotGzip where its trailer is missing (RFC 1952 2.3.1); an empty body has none."""
        if self._has_begun and not self._inflate.eof:
            raise NotGzip("it ends before its trailer, so a client cannot know that it is whole: finish the compressor")

    def decode(self, data: bytes, *, most: int) -> bytes:
        """The text so far unread, of which no more than ``most`` bytes are decoded. Raises NotGzip."""
        self._has_begun = self._has_begun or bool(data)
        try:
            return self._inflate.decompress(data, most)
        except zlib.error as error:
            raise NotGzip(str(error)) from None


def decoder_for(head: Head, accepted: str) -> GzipDecoder | None:
    """The decoder for a body in gzip, where the field Accept-Encoding of its request, ``accepted``, has gzip."""
    codings = [value.strip().lower() for name, value in head.headers if name == _FIELD]
    return GzipDecoder() if len(codings) == 1 and codings[0] in _NAMES and "gzip" in accepted else None
