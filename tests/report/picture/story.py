"""Records of checks made by hand, and any that there could be, for the pictures that are drawn of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from grader.model import Check, CheckResult, Finding, Outcome, Spot
from grader.protocol.transcript import Act, Entry, Lane, clip

LAW = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],  # whole records are drawn, on a machine that may be busy
)
#: Controls, formats (bidi marks and the like), surrogates, private use, unassigned, line and paragraph separators.
UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

#: What may stand on an arrow: much, wide, or made of several characters that share a column.
LABELS = {
    "empty": "",
    "short": "tea",
    "long": "tea with milk, " * 12,
    "Japanese": "お茶とコーヒー" * 20,
    "Japanese after one column": "a" + "お茶とコーヒー" * 20,
    "emoji": "🙂🍵" * 40,
    "emoji after one column": "a" + "🙂🍵" * 40,
    "joined": "e\u0301❤\ufe0f🇯🇵" * 40,
    "nothing to join": "\u0301\ufe0f",
}

_AT_THE_UPSTREAM = {Act.OPENED, Act.PULLED, Act.GAVE, Act.FAILED, Act.FINISHED, Act.CLOSED}
_NOT_TO_BE_SHOWN = "\x00\x07\x1b[31m\x7f\x85\x9b\u200b\u202e\u2028\u2066\ufeff\U000e0041\ud800\n\r\t"

hostile = st.text(st.sampled_from(_NOT_TO_BE_SHOWN + "a é中🙂\ufe0f\u0301?&=%{}\"'\\"))
_MOSTLY = st.sampled_from([True] * 9 + [False])
anything = st.text(st.characters(codec=None)) | hostile  # lone surrogates, too


def entry(
    at: float, act: Act, stream: int = 1, *, data: bytes = b"", size: int | None = None, detail: str = ""
) -> Entry:
    """One entry, seen at the end where such things are seen."""
    lane = Lane.UPSTREAM if act in _AT_THE_UPSTREAM else Lane.CLIENT
    return Entry(at, lane, act, stream, clip(data), len(data) if size is None else size, detail)


def chunk(at: float, stream: int = 1, *, size: int = 10) -> Entry:
    """Body bytes, ``size`` of them."""
    return entry(at, Act.CHUNK, stream, data=b"x" * size)


def result(
    entries: Sequence[Entry],
    *,
    outcome: Outcome = Outcome.PASSED,
    finding: Finding | None = None,
    diverged: float | None = None,
    left_out: int = 0,
) -> CheckResult:
    """A check whose record is ``entries``."""
    check = Check("some_check", "some rule holds", 1)
    return CheckResult(check, outcome, finding, tuple(entries), left_out=left_out, diverged=diverged)


def failed(entries: Sequence[Entry], diverged: float, spot: Spot | None = None, left_out: int = 0) -> CheckResult:
    """A check that failed after ``diverged`` seconds."""
    finding = Finding("tea", "coffee", spot=spot)
    return result(entries, outcome=Outcome.FAILED, finding=finding, diverged=diverged, left_out=left_out)


def spot(offset: int, request: int = 1) -> Spot:
    """The byte at ``offset`` of what answers ``request``."""
    return Spot(b"", 0, offset, request)


def arrived(entries: Sequence[Entry], request: int) -> int:
    """How many bytes of the answer to ``request`` have arrived."""
    return sum(one.size for one in entries if one.act is Act.CHUNK and one.stream == request)


def is_safe(text: str) -> bool:
    """Whether ``text`` is one line without anything that a terminal acts on."""
    return not {unicodedata.category(char) for char in text} & UNSAFE


_entries = st.builds(
    entry,
    st.floats(0, 900),
    st.just(Act.CHUNK) | st.sampled_from(Act),
    st.integers(1, 2) | st.integers(1, 30),
    data=st.binary(max_size=80) | anything.map(lambda text: text.encode("utf-8", "surrogatepass")),
    size=st.none() | st.integers(0, 10**9),
    detail=anything,
)


@st.composite
def results(draw: st.DrawFn) -> CheckResult:
    """Any check whatever, though most have failed; its entries stand in the order of time."""
    entries = draw(st.lists(_entries, max_size=10))
    if entries:  # one part of it again and again
        entries += entries[draw(st.integers(0, len(entries) - 1)) :] * draw(st.integers(0, 6))
    entries.sort(key=lambda one: one.at)
    request = draw(st.sampled_from([one.stream for one in entries if one.act is Act.CHUNK] or [1]))
    byte = st.builds(spot, st.integers(0, arrived(entries, request)), st.just(request))
    return result(
        entries,
        outcome=draw(st.sampled_from([*[Outcome.FAILED] * 8, *Outcome])),
        finding=draw(st.builds(Finding, anything, anything, spot=byte | byte | st.none())) if draw(_MOSTLY) else None,
        diverged=draw(st.floats(0, 900)) if draw(_MOSTLY) else None,
        left_out=0 if draw(_MOSTLY) else 7,
    )
