"""Batch or stream? Four signals can name the mode. The first that has an opinion decides:

1. the query, `?mode=stream`: somebody typed it, for this one request;
2. the body's flag, `"stream": true`: what SDKs send. It goes before Accept, because many SDKs send
   `Accept: application/json` along with it, whatever they ask for;
3. the Accept header, when it likes one media type better than the other;
4. the capability that is registered for the API key. A header of its own that says "I can read SSE" would
   only repeat what Accept is for; this serves programs whose HTTP library sends `Accept: */*` by itself.

When all are silent: a batch, which every client can read.
"""

from enum import StrEnum
from typing import NamedTuple

from accept import liked_best

CAPABILITIES = {"ann-1": {"sse"}, "bob-1": set[str]()}  # by API key; a table of the database in a real service


class Mode(StrEnum):
    """How an answer is sent. The value is what `?mode=` takes."""

    BATCH = "batch"
    STREAM = "stream"


MEDIA_TYPES = {"application/json": Mode.BATCH, "text/event-stream": Mode.STREAM}

# A cache may give one client's answer to another only if these headers are alike. The query needs no mention:
# it is part of the URL. This goes on every answer, refusals too.
VARY = {"Vary": "Accept, X-API-Key"}


class Decision(NamedTuple):
    """A mode, and the signal that settled it."""

    mode: Mode
    why: str


class NotAcceptable(Exception):
    """The Accept header refuses both of our media types."""


def decide(query: Mode | None, flag: bool | None, accept: str, key: str | None) -> Decision:
    """Ask the signals in the order above."""
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
