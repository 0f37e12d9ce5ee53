"""Batch or stream? Four signals can choose the mode. The first one that is there decides:

1. the query, `?mode=stream`: it was written for this one request;
2. the body's flag, `"stream": true`: what SDKs send. It goes before Accept, because many SDKs send
   `Accept: application/json` along with it, whichever mode they want;
3. the Accept header, when it prefers one media type to the other;
4. the capability that is registered for the API key. A header of its own that says "I can read SSE" would
   only repeat what Accept is for; this serves programs whose HTTP library sends `Accept: */*` by itself.

Without any signal: a batch, which every client can read.
"""

from enum import StrEnum
from typing import NamedTuple

from accept import liked_best

CAPABILITIES = {"ann-1": {"sse"}, "bob-1": set[str]()}  # by API key; a table of the database in a real service


class Mode(StrEnum):
    """How a response is sent. The value is what `?mode=` takes."""

    BATCH = "batch"
    STREAM = "stream"


MEDIA_TYPES = {"application/json": Mode.BATCH, "text/event-stream": Mode.STREAM}

# A cache may send one client's response to another only if these headers are equal. The query need not be named:
# it is part of the URL. This field is in every response, errors too.
VARY = {"Vary": "Accept, X-API-Key"}


class Decision(NamedTuple):
    """A mode, and the signal that decided it."""

    mode: Mode
    why: str


class NotAcceptable(Exception):
    """The Accept header refuses both of our media types."""


def decide(query: Mode | None, flag: bool | None, accept: str, key: str | None) -> Decision:
    """Look at the signals in the order above. Raises NotAcceptable."""
    if query is not None:
        return Decision(query, "query")
    if flag is not None:
        return Decision(Mode.STREAM if flag else Mode.BATCH, "body flag")
    liked = [MEDIA_TYPES[media_type] for media_type in liked_best(accept, list(MEDIA_TYPES))]
    if not liked:
        raise NotAcceptable
    if len(liked) == 1:
        return Decision(liked[0], "Accept")
    if "sse" in CAPABILITIES.get(key or "", set()):
        return Decision(Mode.STREAM, "capability")
    return Decision(Mode.BATCH, "default")
