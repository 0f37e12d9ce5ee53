"""A transcript as text: one line an entry, safe to show, as wide as it may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import CheckResult
from grader.protocol.transcript import Act
from grader.report.listing import lines
from tests.report.picture.story import LAW, chunk, entry, is_safe, results

#: Towards the app, or away from it; the client stands on its left and the upstream on its right.
DIRECTIONS = {
    Act.SENT: "client → app",
    Act.HEAD: "client ← app",
    Act.CHUNK: "client ← app",
    Act.ENDED: "client ← app",
    Act.BROKEN: "client ← app",
    Act.DISCONNECTED: "client → app",
    Act.STALLED: "client → app",
    Act.OPENED: "upstream app →",
    Act.PULLED: "upstream app →",
    Act.GAVE: "upstream app ←",
    Act.FAILED: "upstream app ←",
    Act.FINISHED: "upstream app ←",
    Act.CLOSED: "upstream app →",
}


@pytest.mark.parametrize("act", Act)
def test_each_entry_is_one_line_with_its_time_its_end_and_its_direction(act: Act) -> None:
    (line,) = lines([entry(0.0125, act, data=b"tea", detail="tea")])
    assert " ".join(line.split()).startswith(f"12.5 ms {DIRECTIONS[act]} ")


def test_a_record_reads_like_this() -> None:
    record = [
        entry(0.0, Act.SENT, 1, detail="GET /tea?prompt=a%20rather%20long%20one"),
        entry(0.0015, Act.SENT, 2, data=b'{"n": 1}', detail="POST /tea"),
        entry(0.002, Act.OPENED, 1, detail="key"),
        entry(0.0025, Act.CHUNK, 1, data=b"data: tea\n\n"),
        entry(0.003, Act.CHUNK, 2, data=b"x"),
        entry(12.0, Act.CHUNK, 2, data=b"x", size=700),
    ]
    assert lines(record) == [
        "     0.0 ms  client   #1   → app  GET /tea?prompt=a%20rather%20long%20one",
        "     1.5 ms  client   #2   → app  POST /tea {n: 1}",
        "     2.0 ms  upstream      app →  opens “key”",
        "     2.5 ms  client   #1   ← app  11 bytes  data: tea\\n\\n",
        "     3.0 ms  client   #2   ← app  1 byte  x",
        " 12000.0 ms  client   #2   ← app  (700 bytes) x",
    ]
    assert lines([]) == []


@pytest.mark.parametrize("width", [60, 74, 160])
@pytest.mark.parametrize("size", [1, 500, 70_000])
def test_no_line_is_wider_than_it_may_be(width: int, size: int) -> None:
    record = [chunk(0.0, size=size), entry(0.0, Act.SENT, detail="GET /" + "x" * size)]
    found = [len(line) for line in lines(record, width=width)]
    assert max(found) <= width
    assert size == 1 or found == [width, width]


@LAW
@given(results(), st.integers(60, 160))
def test_whatever_is_recorded_is_safe_to_show(checked: CheckResult, width: int) -> None:
    found = lines(checked.transcript, width=width)
    assert len(found) == len(checked.transcript)
    assert [line for line in found if not is_safe(line) or len(line) > width] == []
