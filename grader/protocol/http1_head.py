"""The head of an HTTP/1.1 response, read by h11 (RFC 9112 2.1 and 4), and what follows from it for the rest."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import h11

from grader.protocol.http1_faults import HttpFaultKind
from grader.protocol.lines import SEEN
from grader.text import visible

#: Fields of a head. Known servers send a dozen, and clients read some hundred; each is looked at more than once.
_MOST_FIELDS: Final = 1000

Framing: TypeAlias = Literal["chunked", "content-length", "close", "none"]


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and header fields: names in lower case, values decoded as Latin-1, in the order sent."""

    status: int
    headers: tuple[tuple[str, str], ...]

    @property
    def media_type(self) -> str:
        """The media type in lower case, without parameters (RFC 9110 8.3.1); empty when there is none."""
        value = next((value for name, value in self.headers if name == "content-type"), "")
        return value.partition(";")[0].strip().lower()

    @property
    def is_last(self) -> bool:
        """Whether it says that no other response comes on the connection (RFC 9112 9.6)."""
        values = (value for name, value in self.headers if name == "connection")
        return "close" in {option.strip().lower() for value in values for option in value.split(",")}


class HeadReader:
    """h11, reading the head of the response to one request.

    It needs the method to know which fields mean something. After CONNECT it would not read HTTP any more.
    """

    def __init__(self, method: str, max_head_bytes: int) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_head_bytes)
        self._h11.send(h11.Request(method=method, target="/", headers=[("Host", "app")]))
        self._h11.send(h11.EndOfMessage())

    def read(self, data: bytes) -> Head | str | None:
        """The final head that ``data`` is, what h11 complains about, or None for a 1xx head."""
        self._h11.receive_data(data)
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            return str(error)
        if not isinstance(event, h11.Response):
            return None
        fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers)
        return Head(event.status_code, fields)


def framing(method: str, head: Head) -> tuple[Framing, int]:
    """The way in which the body ends, and its greatest length (RFC 9112 6.3); h11 finds the same."""
    fields = dict(head.headers)
    if method == "HEAD" or head.status in (204, 304):
        return "none", 0
    if "transfer-encoding" in fields:
        return "chunked", 0
    if "content-length" in fields:
        return "content-length", int(fields["content-length"])
    return "close", sys.maxsize


def fault_in_fields(fields: tuple[tuple[str, str], ...]) -> tuple[HttpFaultKind, str] | None:
    """A fault in the fields that h11 accepts but a sender must not send; with an excerpt."""
    if len(fields) > _MOST_FIELDS:
        return HttpFaultKind.TOO_MANY_FIELDS, f"{len(fields):,}; at most {_MOST_FIELDS:,} are read"
    values = dict(fields)
    if "transfer-encoding" in values and "content-length" in values:
        return HttpFaultKind.TWO_FRAMINGS, visible(values["content-length"], SEEN)
    if len(types := [value for name, value in fields if name == "content-type"]) > 1:
        return HttpFaultKind.TWO_MEDIA_TYPES, visible(", ".join(types), SEEN)
    return None
