"""Newline-delimited JSON, line by line."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from grader.model import Spot
from grader.probe import content
from grader.probe.exchange import Exchange
from grader.probe.feeds.feed import ReaderFeed
from grader.probe.session import Session
from grader.protocol import ndjson


@dataclass(frozen=True, slots=True)
class JsonLine:
    """One line that is one JSON value: ``text`` as sent, without its line ending; ``start`` is its offset."""

    text: str
    start: int
    _session: Session
    _spot: Spot

    def json(self, schema: str = "") -> content.Json:
        """The line's value, checked against the kata's ``schemas/<schema>.json``.

        Raises Violation when it does not have that shape.
        """
        return content.parse(self.text, what="the line", schema=schema, session=self._session, spot=self._spot)


class LineFeed(ReaderFeed[JsonLine, ndjson.Record]):
    """Gives out the lines that are JSON; a line that is not is a fault, and is passed over.

    None of the three media types is registered; all of them are in use, and clients take them for the same.
    """

    media_types = ("application/x-ndjson", "application/ndjson", "application/jsonl")
    item_name = "line"
    rule = "NDJSON 3.3"

    def __init__(self, exchange: Exchange, session: Session) -> None:
        super().__init__(exchange, session, ndjson.NdjsonReader())
        self._items: deque[ndjson.Record] = deque()
        self._records = 0
        self._last_line = ""

    def has_item(self) -> bool:
        self.read()
        return bool(self._items)

    def take(self) -> JsonLine | None:
        if not self._items:
            return None
        record = self._items.popleft()
        return JsonLine(record.raw, record.start, self._session, self._exchange.spot(record.start))

    @property
    def progress(self) -> int:
        self.read()
        return self._records + (self._exchange.size >> 10)

    @property
    def last(self) -> tuple[int, str]:
        return self._records, self._last_line

    def keep(self, found: list[ndjson.Record]) -> None:
        self._records += len(found)
        self._last_line = found[-1].raw if found else self._last_line
        self._items.extend(found)
