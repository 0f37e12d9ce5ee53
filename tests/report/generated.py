"""Reports as hypothesis makes them, with every field filled in."""

from __future__ import annotations

from hypothesis import strategies as st

from grader.model import (
    BootFailure,
    Check,
    CheckResult,
    Finding,
    Origin,
    Outcome,
    Place,
    Report,
    Requirement,
    Spot,
    UndecidedBy,
)
from grader.protocol.transcript import Act, Entry, Lane

#: To the microsecond, as the report gives them.
MICROSECONDS = st.integers(0, 900_000_000).map(lambda count: count / 1_000_000)
COUNTS = st.integers(0, 1 << 40)
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def reports(text: st.SearchStrategy[str], seconds: st.SearchStrategy[float]) -> st.SearchStrategy[Report]:
    """Reports with every field filled in: a field that JSON lacks makes the round trip fail."""
    texts = st.lists(text, max_size=3).map(tuple)
    requirement = st.builds(Requirement, text, text)
    place = st.builds(Place, text, COUNTS, text, text, text, seconds)
    spot = st.builds(Spot, st.binary(max_size=20), COUNTS, COUNTS, COUNTS)
    finding = st.builds(
        Finding,
        expected=text,
        seen=text,
        requirement=st.none() | requirement,
        subject=text,
        headline=text,
        headline_is_complete=st.booleans(),
        hint=text,
        note=text,
        spot=st.none() | spot,
        place=st.none() | place,
        undecided_by=st.none() | st.sampled_from(UndecidedBy),
    )
    entry = st.builds(
        Entry, seconds, st.sampled_from(Lane), st.sampled_from(Act), COUNTS, st.binary(max_size=20), COUNTS, text
    )
    check = st.builds(
        Check,
        id=text,
        title=text,
        points=st.integers(1, 50),
        hints=texts,
        requirement=st.none() | requirement,
        after=texts,
    )
    result = st.builds(
        CheckResult,
        check,
        st.sampled_from(Outcome),
        finding=st.none() | finding,
        transcript=st.lists(entry, max_size=3).map(tuple),
        left_out=COUNTS,
        diverged=st.none() | seconds,
        requests=texts,
        seconds=seconds,
    )
    digest = st.text("0123456789abcdef", min_size=64, max_size=64)
    return st.builds(
        Report,
        kata=text,
        title=text,
        app=text,
        seed=text,
        command=text,
        results=st.lists(result, max_size=3).map(tuple),
        boot_failure=st.none() | st.builds(BootFailure, text, text, st.lists(place, max_size=2).map(tuple)),
        notes=texts,
        is_whole=st.booleans(),
        log=text,
        seconds=seconds,
        versions=st.dictionaries(text, text, max_size=2),
        origin=st.none() | st.builds(Origin, text, text, digest),
        kata_version=text,
    )
