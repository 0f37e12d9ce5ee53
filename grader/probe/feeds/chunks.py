"""A body of any media type, as plain bytes."""

from __future__ import annotations

from grader.probe.feeds.feed import Feed


class ByteFeed(Feed[bytes]):
    """Gives out the bytes of a body as they arrive, without transfer coding.

    An item is everything that has arrived and was not taken yet. The borders of HTTP chunks are not kept: they carry no
    meaning (RFC 9112 7.1), and any hop between a server and its client may move them.
    """

    item_name = "part of the body"

    def read(self) -> None:
        """Nothing to do: the exchange keeps the body."""

    def has_item(self) -> bool:
        return self._exchange.size > self._offset

    def take(self) -> bytes | None:
        return self._arrived() or None

    @property
    def progress(self) -> int:
        return self._exchange.size >> 10
