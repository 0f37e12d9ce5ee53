"""Chooses the feed that reads a body, by its media type."""

from __future__ import annotations

from grader.probe.feeds.chunks import ByteFeed
from grader.probe.feeds.events import EventFeed
from grader.probe.feeds.feed import Feed
from grader.probe.feeds.records import LineFeed

#: The feeds that know a format. Add one here when a kata needs another.
_KNOWN: tuple[type[Feed[object]], ...] = (EventFeed, LineFeed)


def feed_for(media_type: str) -> type[Feed[object]]:
    """The feed that reads bodies of ``media_type`` (lower case, without parameters); plain bytes for any other."""
    return next((feed for feed in _KNOWN if media_type in feed.media_types), ByteFeed)
