"""The first line of a failed check: what was looked at, what was seen and expected, where, and what else."""

from __future__ import annotations

import pytest

from grader.grading.wording import headline
from grader.model import Finding, Place

STUCK = Place("app.py", 12, "events", "for chunk in blocking_upstream(prompt):", seconds=1.2)


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (Finding("1", "2"), "2; expected: 1"),
        (Finding("1", "2", subject="events"), "events: 2; expected: 1"),
        (Finding("1", "2", headline="there are two of them"), "there are two of them"),
        (
            Finding("a response", "the loop is blocked", place=STUCK),
            "the loop is blocked; expected: a response (in app.py:12, “for chunk in blocking_upstream(prompt):”)",
        ),
        (Finding("1", "2", note="it sends LF only"), "2; expected: 1. Also: it sends LF only"),
    ],
)
def test_one_line_says_it_all(found: Finding, line: str) -> None:
    assert headline(found) == line


def test_what_is_long_is_cut_and_what_is_raw_is_spelt_out() -> None:
    line = headline(Finding("e" * 500, "s\x1b[31m" * 100, subject="texts"))
    assert len(line) < 300
    assert "\x1b" not in line
    assert line.endswith("e…")
