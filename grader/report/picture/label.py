"""Entries of a transcript in words: on one line, escaped, and short."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import unquote_plus

from grader.protocol.transcript import Act, Entry, Lane
from grader.text import plural, visible, visible_bytes

#: Characters of a label.
LONGEST = 200
#: Characters of a query parameter's value: its name tells more about the request.
_VALUE = 12


def label(entry: Entry) -> str:
    """An entry in words, on one line, escaped."""
    match entry.act:
        case Act.SENT:
            return _request(entry)
        case Act.CHUNK:
            size = f"({plural(entry.size, 'byte')}) " if entry.size > len(entry.data) else ""
            return size + visible_bytes(entry.data, LONGEST)
        case Act.GAVE:
            return f"item “{visible_bytes(entry.data, LONGEST)}”"
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


def _request(entry: Entry) -> str:
    """Method, path, and parameters with their values shortened; then the body."""
    target, _, query = entry.detail.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    shown = [f"{unquote_plus(name)}{sign}{visible(unquote_plus(value), _VALUE)}" for name, sign, value in pairs]
    line = target + ("?" + "&".join(shown) if shown else "")
    return visible(f"{line} {_compact(entry.data)}".rstrip(), LONGEST)


def _compact(body: bytes) -> str:
    """A JSON object with its values shortened; any other body as it is."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return visible_bytes(body, LONGEST)
    members = [f"{name}: {visible(_as_json(member), 2 * _VALUE)}" for name, member in value.items()]
    return "{" + ", ".join(members) + "}"


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
