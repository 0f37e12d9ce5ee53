"""The media type decides how a body is read."""

from __future__ import annotations

import pytest

from grader.probe.feeds.choice import feed_for
from grader.probe.feeds.chunks import ByteFeed
from grader.probe.feeds.events import EventFeed
from grader.probe.feeds.feed import Feed
from grader.probe.feeds.records import LineFeed


@pytest.mark.parametrize(
    ("media_type", "feed"),
    [
        ("text/event-stream", EventFeed),
        ("application/x-ndjson", LineFeed),
        ("application/ndjson", LineFeed),
        ("application/jsonl", LineFeed),
        ("application/json", ByteFeed),
        ("text/plain", ByteFeed),
        ("", ByteFeed),
    ],
)
def test_the_media_type_chooses_the_feed(media_type: str, feed: type[Feed[object]]) -> None:
    assert feed_for(media_type) is feed
