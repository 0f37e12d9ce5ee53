"""A response of the grade after its check, as a law sees it: what has arrived, and what the upstream gave for it."""

from __future__ import annotations

from functools import partial

import httpx

from grader.probe import content
from grader.probe.curl import curl
from grader.probe.feeds.choice import not_of_kind
from grader.probe.feeds.events import EventFeed, ServerSentEvent
from grader.probe.feeds.feed import StreamFault
from grader.probe.feeds.records import JsonLine, LineFeed
from grader.probe.reading import Reading, SomeFeed
from grader.probe.request import Request
from grader.probe.session import Session
from grader.probe.supply import Supply
from grader.probe.values import Json


class Recorded:
    """One response of a check that is over, or as far as the check has read it. Nothing here waits.

    ``asked`` is the request, and ``check`` the title of the check that sent it. Every method that reads raises
    Violation when the response is not what it reads.
    """

    def __init__(self, session: Session, *, request: Request, reading: Reading, supply: Supply) -> None:
        self.asked = supply.asked
        self.check = session.title
        self.session = session
        self._exchange = reading.exchange
        self._request = request
        self._supply = supply
        self._reading = reading

    # -- the response -------------------------------------------------------------------------------------------

    @property
    def has_head(self) -> bool:
        """Whether its status line and header fields have arrived."""
        return self._exchange.head is not None

    @property
    def is_whole(self) -> bool:
        """Whether it was read to its end, which was a clean one."""
        return self._exchange.ended and self._exchange.fault is None

    @property
    def status(self) -> int:
        """The status code; 0 when none has arrived."""
        return self._exchange.head.status if self._exchange.head else 0

    @property
    def headers(self) -> httpx.Headers:
        """The header fields; names are matched whatever their case."""
        return httpx.Headers(list(self._exchange.head.headers) if self._exchange.head else [], encoding="latin-1")

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters (RFC 9110 8.3.1); empty when there is none."""
        return self._exchange.head.media_type if self._exchange.head else ""

    @property
    def size(self) -> int:
        """Bytes of body so far."""
        return self._exchange.size

    @property
    def body(self) -> bytes:
        """The body so far, without transfer coding."""
        return self._exchange.body

    def json(self, schema: str = "") -> Json:
        """The body, parsed as JSON and checked against the kata's ``schemas/<schema>.json``."""
        text = content.decode(self.body, what="the body")
        spot = partial(self._exchange.spot, 0)
        return content.parse(text, what="the body", schema=schema, session=self.session, spot=spot)

    def events(self) -> list[ServerSentEvent]:
        """The complete events of a 200 response of type text/event-stream."""
        return self._feed(EventFeed).read_all().events

    def comments(self) -> list[str]:
        """The texts of the comments of such a response (WHATWG HTML 9.2.5)."""
        return [comment.text for comment in self._feed(EventFeed).read_all().comments]

    def lines(self) -> list[JsonLine]:
        """The complete lines of a 200 response of newline-delimited JSON."""
        return self._feed(LineFeed).read_all().lines

    def faults(self) -> list[StreamFault]:
        """The faults against the grammar of the stream (WHATWG HTML 9.2.5, NDJSON 3.1) so far."""
        return self._feed(LineFeed if self.content_type in LineFeed.media_types else EventFeed).faults()

    # -- the upstream -------------------------------------------------------------------------------------------

    @property
    def items(self) -> list[str]:
        """The items that the upstream gave for this request, in order."""
        return self._supply.items()

    @property
    def failure(self) -> str | None:
        """The message of the failure that the upstream gave for this request, or None."""
        return self._supply.failure()

    @property
    def upstream_ended(self) -> bool:
        """Whether the upstream gave its end for this request."""
        return self._supply.log.ended

    @property
    def openings(self) -> int:
        """Upstream connections for this request; of requests with one key, the first counts those too many.

        Where there are too few, requests whose responses did not come to their end are those without.
        """
        return self._supply.openings()

    # -- time ---------------------------------------------------------------------------------------------------

    @property
    def began(self) -> float:
        """When the request was sent, in seconds since 1970."""
        return self._exchange.began

    @property
    def ended_at(self) -> float:
        """When the response had ended, or the client had left it, in seconds since 1970."""
        return self._exchange.ended_at or float("inf")

    # -- for the report -----------------------------------------------------------------------------------------

    @property
    def curl(self) -> str:
        """A command that sends this request again."""
        return curl(self._request)

    # -- inside -------------------------------------------------------------------------------------------------

    def _feed(self, kind: type[SomeFeed]) -> SomeFeed:
        """The feed that its check has read, or would have: the body is read once."""
        feed = self._reading.feed
        if self.status != 200 or not isinstance(feed, kind):
            raise not_of_kind(kind, self._exchange)
        return feed
