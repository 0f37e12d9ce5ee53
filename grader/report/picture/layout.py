"""The rows of a sequence picture, in the order of time. The modules `console` and `svg` draw them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from grader.model import CheckResult, Finding, Outcome, Spot
from grader.protocol.transcript import Act, Entry
from grader.report.picture.label import LONGEST, label, numbers
from grader.text import plural, visible_ends

#: Seconds without an entry that get a row of their own: a delay that a person would notice.
PAUSE = 0.1
#: So many equal rounds in succession are folded: folding leaves the first, the last, and a row that counts the others,
#: so that with fewer hardly a row is saved. A round is what happens for one item; it has at most so many rows.
_ROUNDS, _LONGEST_ROUND = 5, 6


class Party(IntEnum):
    """A lane of the picture, from left to right."""

    CLIENT = 0
    APP = 1
    UPSTREAM = 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """Something that goes from one lane to its neighbour; ``wrong`` when it carries the offending byte.

    ``unordered`` when it may as well have come before the row above.
    """

    at: float
    tail: Party
    head: Party
    label: str
    act: Act
    stream: int
    wrong: bool = False
    unordered: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that happens at one lane, such as that the client stops reading."""

    at: float
    party: Party
    label: str


@dataclass(frozen=True, slots=True)
class Pause:
    """For so many seconds nothing happened."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fold:
    """Stands for rows that are left out; ``label`` says how many."""

    label: str


@dataclass(frozen=True, slots=True)
class Divergence:
    """The point of divergence: what was expected next, and what was seen instead."""

    at: float
    expected: str
    seen: str


Row = Arrow | Remark | Pause | Fold | Divergence


#: From where to where the arrow of each act goes. (A stall is not an arrow.)
_WAYS = {
    Act.SENT: (Party.CLIENT, Party.APP),
    Act.HEAD: (Party.APP, Party.CLIENT),
    Act.CHUNK: (Party.APP, Party.CLIENT),
    Act.ENDED: (Party.APP, Party.CLIENT),
    Act.BROKEN: (Party.APP, Party.CLIENT),
    Act.DISCONNECTED: (Party.CLIENT, Party.APP),
    Act.OPENED: (Party.APP, Party.UPSTREAM),
    Act.PULLED: (Party.APP, Party.UPSTREAM),
    Act.GAVE: (Party.UPSTREAM, Party.APP),
    Act.FAILED: (Party.UPSTREAM, Party.APP),
    Act.FINISHED: (Party.UPSTREAM, Party.APP),
    Act.CLOSED: (Party.APP, Party.UPSTREAM),
}


def rows(result: CheckResult, *, most: int | None = None) -> list[Row]:
    """The picture of one check: at most about ``most`` rows (None: all), and none after the point of divergence."""
    entries = list(result.transcript)
    if not entries:
        return []
    drawn: list[Row] = _arrows(entries)
    if result.outcome is Outcome.FAILED and result.finding and result.diverged is not None:
        drawn = _diverge(drawn, entries, result, result.finding, result.diverged)
    found = _fold(_pauses(drawn))
    return found if most is None else _shorten(found, most)


def stretch(entries: Sequence[Entry]) -> list[Row]:
    """The rows of any part of a transcript, with its pauses, and with repeated rounds folded."""
    return _fold(_pauses(_arrows(entries)))


def arrow(entry: Entry, number: str = "") -> Arrow | Remark:
    """One entry as a row."""
    words = f"{number} {label(entry)}" if number else label(entry)
    if entry.act is Act.STALLED:
        return Remark(entry.at, Party.CLIENT, words)
    tail, head = _WAYS[entry.act]
    return Arrow(entry.at, tail, head, words, entry.act, entry.stream)


def _arrows(entries: Sequence[Entry]) -> list[Row]:
    names = numbers(entries)
    return [arrow(entry, names.get((entry.lane, entry.stream), "")) for entry in entries]


def _pauses(found: Iterable[Row]) -> list[Row]:
    """The same rows, with the pauses between them."""
    drawn: list[Row] = []
    last: float | None = None
    for row in found:
        if isinstance(row, Arrow | Remark | Divergence):
            if last is not None and row.at - last >= PAUSE:
                drawn.append(Pause(row.at - last))
            last = row.at
        drawn.append(row)
    return drawn


# -- the point of divergence ------------------------------------------------------------------------------------------


def _diverge(
    drawn: Sequence[Row], entries: Sequence[Entry], result: CheckResult, finding: Finding, diverged: float
) -> list[Row]:
    """The rows up to the divergence: after the chunk with the offending byte, or else when the check gave up."""
    subject = f"{finding.subject}: " if finding.subject else ""
    expected, seen = visible_ends(subject + finding.expected, LONGEST), visible_ends(finding.seen, LONGEST)
    count = sum(entry.at <= diverged for entry in entries)
    at = _chunk(entries, finding.spot) if finding.spot and not result.left_out else None
    if at is None:
        return [*drawn[:count], Divergence(diverged, expected, seen)]
    offending = drawn[at]
    assert isinstance(offending, Arrow)
    mark = Divergence(offending.at, expected, seen)
    return [*drawn[:at], replace(offending, wrong=True), mark, *drawn[at + 1 : count]]


def _chunk(entries: Sequence[Entry], spot: Spot) -> int | None:
    """Which entry is the chunk of the response that holds the byte at ``spot``."""
    end = 0
    for at, entry in enumerate(entries):
        if entry.act is Act.CHUNK and entry.stream == spot.request:
            end += entry.size
            if spot.offset < end:
                return at
    return None


# -- what is left out -------------------------------------------------------------------------------------------------


def _fold(drawn: Sequence[Row]) -> list[Row]:
    """The same rows; of a round that repeats, only the first and the last are left, with a count between them."""
    kinds = [_kind(row, index) for index, row in enumerate(drawn)]
    found: list[Row] = []
    at = 0
    while at < len(drawn):
        length, count = _rounds(kinds, at)
        if count < _ROUNDS:
            found.append(drawn[at])
            at += 1
            continue
        end = at + length * count
        found += drawn[at : at + length]
        found.append(Fold(_folded(drawn[at : at + length], drawn[at + length : end - length], count - 2)))
        found += drawn[end - length : end]
        at = end
    return found


def _folded(first: Sequence[Row], others: Sequence[Row], count: int) -> str:
    """What a fold says: that the rounds are the same only where they are, to the letter."""
    rounds = [others[at : at + len(first)] for at in range(0, len(others), len(first))]
    is_same = all(_labels(one) == _labels(first) for one in rounds)
    if len(first) > 1:
        return f"{count} more rounds of this" if is_same else f"{count} more rounds like this"
    return f"{count} more times the same" if is_same else f"{count} more like this"


def _labels(rows: Sequence[Row]) -> list[str]:
    return [row.label for row in rows if isinstance(row, Arrow)]


def _kind(row: Row, index: int) -> tuple[object, ...]:
    """Rows of the same kind may be folded. A row that must stay has a kind of its own."""
    match row:
        case Arrow(wrong=False):
            return row.tail, row.head, row.act, row.stream
        case Pause():
            return ("pause",)
        case _:
            return ("alone", index)


def _rounds(kinds: Sequence[tuple[object, ...]], at: int) -> tuple[int, int]:
    """Length and count of the rounds that begin at ``at``: of all lengths, the one that covers the most rows."""

    def count(length: int) -> int:
        pattern, repeats = kinds[at : at + length], 1
        while kinds[at + repeats * length : at + (repeats + 1) * length] == pattern:
            repeats += 1
        return repeats

    lengths = range(1, min(_LONGEST_ROUND, len(kinds) - at) + 1)
    found = [(length, count(length)) for length in lengths]
    return max(found, key=lambda one: (one[0] * one[1] if one[1] >= _ROUNDS else 0, -one[0]))


def _shorten(found: list[Row], most: int) -> list[Row]:
    """A third of the rows from the beginning, and two thirds before the divergence, or else before the end."""
    if len(found) <= most:
        return found
    marks = (index for index, row in enumerate(found) if isinstance(row, Divergence))
    end = min(len(found), next(marks, len(found)) + 1 + most // 6)
    first, last = most // 3, most - most // 3
    if end <= most:
        return [*found[:most], *_left_out(found[most:])]
    middle = _without(found[first : end - last])
    return [*found[:first], *middle, *found[end - last : end], *_left_out(found[end:])]


def _without(rows: list[Row]) -> list[Row]:
    """What stands for ``rows``: that the upstream failed is never left out, as much of what follows it says why."""
    at = next((at for at, row in enumerate(rows) if isinstance(row, Arrow) and row.act is Act.FAILED), None)
    return _left_out(rows) if at is None else [*_left_out(rows[:at]), rows[at], *_left_out(rows[at + 1 :])]


def _left_out(rows: list[Row]) -> list[Row]:
    """A row that says how many are missing. A single row is kept: the other one would take as much room."""
    return [Fold(f"{plural(len(rows), 'row')} left out")] if len(rows) > 1 else rows
