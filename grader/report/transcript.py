"""A transcript as lines of text: both ends interleaved, in the order in which things happened."""

from __future__ import annotations

from collections.abc import Iterable

from grader.protocol.transcript import Act, Entry, Lane
from grader.text import plural, visible, visible_bytes

#: Direction as the app sees it: what comes to it, what comes from it.
_ARROWS = {
    Act.SENT: "→ app",
    Act.HEAD: "← app",
    Act.CHUNK: "← app",
    Act.ENDED: "← app",
    Act.BROKEN: "← app",
    Act.LEFT: "→ app",
    Act.STALLED: "→ app",
    Act.OPENED: "app →",
    Act.PULLED: "app →",
    Act.GAVE: "app ←",
    Act.FAILED: "app ←",
    Act.FINISHED: "app ←",
    Act.RELEASED: "app →",
}


def lines(entries: Iterable[Entry], *, width: int = 74) -> list[str]:
    """One line an entry, at most ``width`` wide: milliseconds, end, direction, what happened."""
    found = list(entries)
    several = len({entry.stream for entry in found}) > 1
    return [_line(entry, numbered=several, width=width) for entry in found]


def _line(entry: Entry, *, numbered: bool, width: int) -> str:
    lane = "client" if entry.lane is Lane.CLIENT else "upstream"
    number = f" {entry.stream}" if numbered else ""
    start = f"{entry.at * 1000:7.1f} ms  {lane + number:10} {_ARROWS[entry.act]}  "
    return start + _what(entry, width - len(start))


def _what(entry: Entry, room: int) -> str:
    match entry.act:
        case Act.SENT:
            body = f"  {visible_bytes(entry.data)}" if entry.data else ""
            return visible(entry.detail + body, room)
        case Act.HEAD:
            return visible(entry.detail, room)
        case Act.CHUNK:
            size = f"{plural(entry.size, 'byte')}  "
            return size + visible_bytes(entry.data, max(10, room - len(size) - 1))
        case Act.GAVE:
            return "item  " + visible_bytes(entry.data, max(10, room - 7))
        case Act.ENDED:
            return "end of the response"
        case Act.BROKEN:
            return visible(f"broken off: {entry.detail}", room)
        case Act.LEFT:
            return f"leaves ({entry.detail})"
        case Act.STALLED:
            return "stops reading"
        case Act.OPENED:
            return visible(f"opens “{entry.detail}”", room)
        case Act.PULLED:
            return entry.detail
        case Act.FAILED:
            return visible(f"fails: {entry.detail}", room)
        case Act.FINISHED:
            return "no more items"
        case Act.RELEASED:
            return "lets go"
