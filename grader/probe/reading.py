"""Waits for parts of a response, and raises Violation with an explanation when one does not come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import httpx

from grader.errors import Violation
from grader.probe.exchange import Exchange
from grader.probe.explanation import A_RESPONSE, Explanation
from grader.probe.feeds.choice import feed_for
from grader.probe.feeds.chunks import ByteFeed
from grader.probe.feeds.feed import Feed
from grader.probe.session import Session
from grader.probe.waiting import Awaited, Waited
from grader.protocol import http1
from grader.requirement import cited
from grader.text import visible, visible_bytes

#: A response with more items than this counts as a stream without end. The largest kata asks for some hundred.
MAX_ITEMS = 2000

Item = TypeVar("Item")
SomeFeed = TypeVar("SomeFeed", bound=Feed[object])


class Reading:
    """Reads the response of one exchange by feeds. ``bytes`` is the feed for bodies of any media type and status."""

    def __init__(self, session: Session, exchange: Exchange, request: httpx.Request) -> None:
        self._session = session
        self._exchange = exchange
        self._explain = Explanation(session, exchange, request)
        self._chosen: Feed[object] | None = None
        self.bytes = ByteFeed(exchange, session)

    @property
    def feed(self) -> Feed[object]:
        """What reads the body: chosen by media type once the head has come."""
        if self._chosen is None:
            if self._exchange.head is None:
                return self.bytes
            self._chosen = feed_for(self._exchange.media_type)(self._exchange, self._session)
        return self._chosen

    def head(self) -> http1.Head:
        """Status line and header fields, once they have come."""
        self.until(lambda: self._exchange.head is not None, awaited=A_RESPONSE)
        if self._exchange.head is None:
            raise self._explain.nothing(A_RESPONSE, Waited.CAME, self.bytes)
        return self._exchange.head

    def read_as(self, kind: type[SomeFeed]) -> SomeFeed:
        """The feed, as one of ``kind``. Raises Violation for another media type, or another status than 200."""
        head, feed = self.head(), self.feed
        if head.status == 200 and isinstance(feed, kind):
            return feed
        # The body says why, and follows the head in a moment: 50 ms are more than a server on this machine needs.
        self._exchange.ready(lambda: False)(self._session.waiter.timeouts.before_control)
        body = f": {visible_bytes(self._exchange.body, 120)}" if self._exchange.size else ""
        seen = f"{head.status} {visible(self._exchange.media_type) or '(no Content-Type)'}{body}"
        raise Violation(expected=f"200 {kind.media_types[0]}", seen=seen, requirement=cited(kind.rule))

    def next(self, feed: Feed[Item]) -> Item:
        """The next item of ``feed``, once it has come."""
        awaited = f"the next {feed.noun}"
        self.until(feed.has_item, awaited=awaited, feed=feed)
        item = feed.take()
        if item is None:
            raise self._explain.nothing(awaited, Waited.CAME, feed)
        return item

    def rest(self, feed: Feed[Item]) -> list[Item]:
        """All further items of ``feed``, once the response has ended well."""
        found: list[Item] = []
        while len(found) <= MAX_ITEMS:
            self.until(feed.has_item, awaited=f"the next {feed.noun}, or the end of the stream", feed=feed)
            if item := feed.take():
                found.append(item)
            elif self._exchange.is_over:
                self.require_good_end()
                return found
        raise Violation(expected="a stream that ends", seen=f"more than {MAX_ITEMS} {feed.noun}s")

    def until(self, condition: Callable[[], bool], *, awaited: str, feed: Feed[object] | None = None) -> None:
        """Wait for ``condition`` or the end of the exchange. Raises Violation when neither comes."""
        ready = self._exchange.ready(condition)
        waited = self._session.waiter.until(Awaited(ready, progress=lambda: self.feed.progress))
        if waited is not Waited.CAME:
            raise self._explain.nothing(awaited, waited, feed or self.feed)

    def require_good_end(self) -> None:
        """Raises Violation when the response ended with a fault."""
        if self._exchange.fault is not None:
            raise self._explain.broken("a complete and valid HTTP response", self._exchange.fault)
