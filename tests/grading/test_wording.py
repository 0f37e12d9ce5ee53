"""The first line of a failed check: what was looked at, what was seen and expected, where, and what else."""

from __future__ import annotations

import pytest

from grader.grading.wording import seen_in, worded
from grader.model import Finding, Place

STUCK = Place("app.py", 12, "events", "for chunk in blocking_upstream(prompt):", seconds=1.2)


@pytest.mark.parametrize(
    ("found", "sentence", "note", "line"),
    [
        (Finding("1", "2"), "", "", "2; expected: 1"),
        (Finding("1", "2", subject="events"), "", "", "events: 2; expected: 1"),
        (Finding("1", "2", subject="events"), "there are two of them", "", "There are two of them"),
        (
            Finding("a response", "the loop is blocked", place=STUCK),
            "",
            "",
            "the loop is blocked; expected: a response (in app.py:12, “for chunk in blocking_upstream(prompt):”)",
        ),
        (
            Finding("a response", "blocked", place=STUCK),
            "it is blocked at app.py:12: for chunk in",
            "",
            "It is blocked at app.py:12: for chunk in",
        ),
        (Finding("1", "2"), "", "it sends LF only", "2; expected: 1. Also: it sends LF only"),
        (Finding("1", "2"), "", seen_in("it ends"), "2; expected: 1. Seen in the check “it ends”"),
    ],
)
def test_a_headline_has_subject_seen_expected_place_and_note(
    found: Finding, sentence: str, note: str, line: str
) -> None:
    final = worded(found, sentence=sentence, note=note)
    assert (final.headline, final.headline_is_complete, final.note) == (line, True, note)
    assert (final.expected, final.seen, final.place) == (found.expected, found.seen, found.place)


def test_what_is_long_is_cut_and_what_is_raw_is_escaped() -> None:
    final = worded(Finding("e" * 500 + "nd", "s\x1b[31m" * 100, subject="texts"))
    assert len(final.headline) < 300
    assert "\x1b" not in final.headline
    assert "e…e" in final.headline
    assert final.headline.endswith("nd")


def test_nothing_is_said_to_be_nothing() -> None:
    assert worded(Finding("a response", "")).headline == "(nothing); expected: a response"
    assert worded(Finding("a response", "")).seen == "(nothing)"


@pytest.mark.parametrize(("expected", "seen"), [("e" * 500, "s"), ("e", "s" * 500), ("e", "\x1b")])
def test_a_headline_that_does_not_show_all_is_not_complete(expected: str, seen: str) -> None:
    assert not worded(Finding(expected, seen)).headline_is_complete
    assert worded(Finding(expected, seen), sentence="they differ").headline_is_complete
