"""Newline-delimited JSON, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from grader.probe import content
from grader.probe.exchange import Exchange
from grader.probe.feeds.feed import ReaderFeed
from grader.probe.session import Session
from grader.probe.values import Json
from grader.protocol import ndjson


@dataclass(frozen=True, slots=True)
class JsonLine:
    """One line that is one JSON value: ``text`` as sent, without its line ending; ``start`` is its offset."""

    text: str
    start: int
    _session: Session
    _exchange: Exchange

    def json(self, schema: str = "") -> Json:
        """The line's value, checked against the kata's ``schemas/<schema>.json``.

        Raises Violation when it does not have that shape.
        """
        spot = partial(self._exchange.spot, self.start)
        return content.parse(self.text, what="the line", schema=schema, session=self._session, spot=spot)


class LineFeed(ReaderFeed[JsonLine, ndjson.Record]):
    """Gives out the lines that are JSON; a line that is not is a fault, and is passed over.

    None of the three media types is registered; all of them are in use, and clients take them for the same.
    """

    media_types = ("application/x-ndjson", "application/ndjson", "application/jsonl")
    item_name = "line"
    rule = "NDJSON 3.3"

    def __init__(self, exchange: Exchange, session: Session) -> None:
        super().__init__(exchange, session, ndjson.NdjsonReader())
        self.lines: list[JsonLine] = []  # taken or not
        self._taken = 0

    def has_item(self) -> bool:
        self.read()
        return len(self.lines) > self._taken

    def take(self) -> JsonLine | None:
        if len(self.lines) <= self._taken:
            return None
        self._taken += 1
        return self.lines[self._taken - 1]

    @property
    def progress(self) -> int:
        self.read()
        return len(self.lines) + (self._exchange.size >> 10)

    @property
    def last(self) -> tuple[int, str]:
        return len(self.lines), self.lines[-1].text if self.lines else ""

    def keep(self, found: list[ndjson.Record]) -> None:
        self.lines += [JsonLine(record.raw, record.start, self._session, self._exchange) for record in found]
