"""Entries of a transcript in words: on one line, escaped, and short."""

from __future__ import annotations

from collections.abc import Sequence

from grader.protocol.brief import brief
from grader.protocol.transcript import Act, Entry, Lane
from grader.text import plural, visible, visible_bytes, visible_ends

#: Characters of a label.
LONGEST = 200


def label(entry: Entry) -> str:
    """An entry in words, on one line, escaped."""
    match entry.act:
        case Act.SENT:
            return brief(entry.detail, entry.data, LONGEST)
        case Act.CHUNK:
            size = f"({plural(entry.size, 'byte')}) " if entry.size > len(entry.data) else ""
            return size + (visible_bytes(entry.data, LONGEST) if size else _ends(entry.data))
        case Act.GAVE:
            return f"item “{_ends(entry.data)}”"
        case Act.ENDED:
            return "end of the response"
        case Act.BROKEN:
            return f"broken off: {visible(entry.detail, LONGEST)}"
        case Act.DISCONNECTED:
            return f"disconnects ({visible(entry.detail, LONGEST)})"
        case Act.STALLED:
            return f"stops reading: {visible(entry.detail, LONGEST)}"
        case Act.OPENED:
            return f"opens “{visible(entry.detail, LONGEST)}”"
        case Act.FAILED:
            return f"fails: {visible(entry.detail, LONGEST)}"
        case Act.FINISHED:
            return "no more items"
        case Act.CLOSED:
            return "closes the connection"
        case Act.HEAD | Act.PULLED:
            return visible(entry.detail, LONGEST)


def _ends(data: bytes) -> str:
    return visible_ends(data.decode("utf-8", "backslashreplace"), LONGEST)


def numbers(entries: Sequence[Entry]) -> dict[tuple[Lane, int], str]:
    """Names for requests (#1, #2, …) and streams of the upstream ((a), (b), …); none where there is only one."""
    found: dict[tuple[Lane, int], str] = {}
    for lane in Lane:
        streams = sorted({entry.stream for entry in entries if entry.lane is lane})
        if len(streams) > 1:
            found |= {(lane, stream): _name(lane, stream) for stream in streams}
    return found


def _name(lane: Lane, stream: int) -> str:
    return f"#{stream}" if lane is Lane.CLIENT or stream > 26 else f"({chr(96 + stream)})"
