"""Waits for the parts of one response, and reads its body item by item."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from grader.errors import Violation
from grader.probe.exchange import Exchange
from grader.probe.explanation import A_RESPONSE, Explanation
from grader.probe.feeds.choice import feed_for, in_words, not_of_kind
from grader.probe.feeds.chunks import ByteFeed
from grader.probe.feeds.feed import Feed
from grader.probe.routing import routing_hint
from grader.probe.session import Session
from grader.probe.waiting import Awaited, Waited
from grader.protocol.http1 import Head, HttpFault

#: A response with more items than this counts as a stream without end. The largest kata asks for some hundred.
MAX_ITEMS = 2000

SomeItem = TypeVar("SomeItem")
SomeFeed = TypeVar("SomeFeed", bound=Feed[object])


class Reading:
    """Every method waits, and raises Violation when the awaited thing does not come."""

    def __init__(self, session: Session, exchange: Exchange) -> None:
        self._session = session
        self.exchange = exchange
        self.asked = session.asked[exchange.number - 1]
        self._explanation = Explanation(session, exchange)
        self._chosen: Feed[object] | None = None
        self.bytes = ByteFeed(exchange, session)

    @property
    def feed(self) -> Feed[object]:
        """The reader of the body: of plain bytes at first, and by media type once the header section has arrived."""
        if self._chosen is None and self.exchange.head is not None:
            self._chosen = feed_for(self.exchange.head.media_type)(self.exchange, self._session)
        return self._chosen or self.bytes

    def head(self) -> Head:
        """Status line and header fields."""
        self.until(lambda: self.exchange.head is not None, awaited=A_RESPONSE)
        if self.exchange.head is None:
            raise self.nothing(A_RESPONSE, self.bytes)
        return self.exchange.head

    def routing_hint(self) -> tuple[int, str]:
        """The status, if it has come, and what helps where it comes from routing."""
        head, asked = self.exchange.head, self.asked
        if head is None:
            return 0, ""
        if head.status >= 400:
            self._take_in(self._session.waiter.timeouts.before_control)
        routes, body = self._session.app.account.routes, self.exchange.body
        return head.status, routing_hint(head, method=asked.method, path=asked.path, body=body, routes=routes)

    def responded(self, key: str) -> str:
        """The response in words, if the request carries ``key`` and the response is an error or is over; else ""."""
        if not self.asked.carries(key):
            return ""
        self._take_in(0.0)
        head = self.exchange.head
        return in_words(self.exchange) if head and (head.status != 200 or self.exchange.is_over) else ""

    def _take_in(self, seconds: float) -> None:
        """Read what arrives within so many seconds: what follows the head explains it."""
        with suppress(Violation):  # of a body that is too long
            if self.exchange.is_open:
                self.exchange.ready(lambda: False)(seconds)

    def first_fault(self) -> str:
        """The first fault of the body that may be why a check failed, or ""."""
        return self.feed.first_fault()

    def as_feed(self, kind: type[SomeFeed]) -> SomeFeed:
        """The feed, as one of ``kind``. Raises Violation for another media type, or another status than 200."""
        head, feed = self.head(), self.feed
        if head.status == 200 and isinstance(feed, kind):
            return feed
        # The body says why, and follows the head in a moment: 50 ms are more than a server on this machine needs.
        self.exchange.ready(lambda: False)(self._session.waiter.timeouts.before_control)
        raise not_of_kind(kind, self.exchange)

    def next(self, feed: Feed[SomeItem]) -> SomeItem:
        """The next item of ``feed``."""
        awaited = f"the next {feed.item_name}"
        self.until(feed.has_item, awaited=awaited, feed=feed)
        item = feed.take()
        if item is None:
            raise self.nothing(awaited, feed)
        return item

    def nothing(self, awaited: str, feed: Feed[object]) -> Violation:
        """The reason why ``awaited``, read by ``feed``, has not arrived, though the exchange is over."""
        return self._explanation.nothing(awaited, Waited.CAME, feed)

    def unnoticed(self, waited: Waited) -> Violation:
        """The reason why the app has not noticed that its client has disconnected."""
        return self._explanation.nothing("the app notices the disconnect", waited, self.feed)

    def rest(self, feed: Feed[SomeItem]) -> list[SomeItem]:
        """All items of ``feed`` to the end of the response, which must be a clean one."""
        found: list[SomeItem] = []
        while len(found) <= MAX_ITEMS:
            self.until(feed.has_item, awaited=f"the next {feed.item_name}, or the end of the stream", feed=feed)
            if item := feed.take():
                found.append(item)
            elif self.exchange.is_over:
                self._must_have_ended_well()
                return found
        raise Violation(expected="a stream that ends", seen=f"more than {MAX_ITEMS} {feed.item_name}s")

    def end(self) -> None:
        """The end of the response, which must be a clean one."""
        self.until(lambda: False, awaited="the end of the response")
        self._must_have_ended_well()

    def until(
        self, condition: Callable[[], bool], *, awaited: str, feed: Feed[object] | None = None, due: float = 0.0
    ) -> None:
        """Return when ``condition`` holds, or the exchange is over. It is not late before ``due`` seconds."""
        self._session.touched = self.exchange.number
        if condition() or self.exchange.is_over:
            return  # of many items that have come together, all but the first are here
        ready = self.exchange.ready(condition)
        waited = self._session.waiter.until(Awaited(ready, progress=self._progress, due=due))
        if waited is not Waited.CAME:
            raise self._explanation.nothing(awaited, waited, feed or self.feed)

    def _progress(self) -> int:
        """Grows while more arrives, and while the app pulls: a batch sends nothing before its last item.

        Gates that give without end do not count: an app that collects all items would be waited for as long.
        """
        return self.feed.progress + sum(gate.pulls for gate in self._session.gates if gate.flowing is None)

    # -- for the session ------------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether the response has ended, and the client has not disconnected."""
        return self.exchange.ended and self.exchange.is_open

    @property
    def is_server_error(self) -> bool:
        """Whether the status, if it has come, is 500 or more."""
        return self.exchange.head is not None and self.exchange.head.status >= 500

    def close(self) -> None:
        """Abort the connection."""
        self.exchange.close()

    def late_fault(self) -> Violation | None:
        """What has come after the end of the response, until now."""
        fault = self.exchange.surplus
        return None if fault is None else self._broken(fault)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _must_have_ended_well(self) -> None:
        if self.exchange.fault is not None:
            raise self._broken(self.exchange.fault)

    def _broken(self, fault: HttpFault) -> Violation:
        return self._explanation.broken("a complete and valid HTTP response", fault)
