"""A transcript as lines of text: both ends interleaved, in the order in which things happened."""

from __future__ import annotations

from collections.abc import Sequence

from grader.protocol.transcript import Act, Entry, Lane
from grader.report.picture.label import label, numbers
from grader.text import plural, visible

#: Whether something goes to the app or comes from it.
_ARROWS = {
    Act.SENT: "→ app",
    Act.HEAD: "← app",
    Act.CHUNK: "← app",
    Act.ENDED: "← app",
    Act.BROKEN: "← app",
    Act.DISCONNECTED: "→ app",
    Act.STALLED: "→ app",
    Act.OPENED: "app →",
    Act.PULLED: "app →",
    Act.GAVE: "app ←",
    Act.FAILED: "app ←",
    Act.FINISHED: "app ←",
    Act.CLOSED: "app →",
}


def lines(entries: Sequence[Entry], *, width: int = 74) -> list[str]:
    """One line an entry, at most ``width`` wide: milliseconds, end, direction, what happened."""
    names = numbers(entries)
    return [_line(entry, names.get((entry.lane, entry.stream), ""), width) for entry in entries]


def _line(entry: Entry, number: str, width: int) -> str:
    lane = "client" if entry.lane is Lane.CLIENT else "upstream"
    start = f"{entry.at * 1000:8.1f} ms  {lane:8} {number:4} {_ARROWS[entry.act]}  "
    size = f"{plural(entry.size, 'byte')}  " if entry.act is Act.CHUNK and entry.size <= len(entry.data) else ""
    words = entry.detail if entry.act is Act.SENT and not entry.data else label(entry)
    return start + visible(size + words, max(20, width - len(start) - 1))  # `visible` adds an ellipsis
