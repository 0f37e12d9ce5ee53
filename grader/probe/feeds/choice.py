"""Chooses the feed that reads a body, by its media type."""

from __future__ import annotations

from grader.errors import Violation
from grader.probe.exchange import Exchange
from grader.probe.feeds.chunks import ByteFeed
from grader.probe.feeds.events import EventFeed
from grader.probe.feeds.feed import Feed
from grader.probe.feeds.records import LineFeed
from grader.requirement import cited
from grader.text import visible, visible_bytes

#: The feeds that know a format. Add one here when a kata needs another.
_KNOWN: tuple[type[Feed[object]], ...] = (EventFeed, LineFeed)


def feed_for(media_type: str) -> type[Feed[object]]:
    """The feed that reads bodies of ``media_type`` (lower case, without parameters); plain bytes for any other."""
    return next((feed for feed in _KNOWN if media_type in feed.media_types), ByteFeed)


def not_of_kind(kind: type[Feed[object]], exchange: Exchange) -> Violation:
    """The Violation where ``kind`` was to read a response with another status than 200, or another media type."""
    return Violation(expected=f"200 {kind.media_types[0]}", seen=in_words(exchange), requirement=cited(kind.rule))


def in_words(exchange: Exchange) -> str:
    """A response in short: its status, its media type, and the beginning of its body."""
    head = exchange.head
    body = f": {visible_bytes(exchange.body, 120)}" if exchange.size else ""
    kind = visible(head.media_type) if head else ""
    return f"{head.status if head else 'no response'} {kind or '(no Content-Type)'}{body}"
