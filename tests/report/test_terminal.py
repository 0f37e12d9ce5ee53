"""The report at a terminal: what is said in full, what in one line, and what is in sight without scrolling."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from grader.model import Outcome, Place, Raised, Report, Spot
from grader.report import advice, terminal
from grader.report.feedback import Feedback, limited
from tests.report.samples import COMPARED, FAILED, FINDING, MIXED


def lines(report: Report, *, verbose: bool = False) -> list[str]:
    """What stands on a terminal of 80 columns, however high it is."""
    console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    terminal.show(report, console, verbose=verbose)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_first_failure_is_whole_the_others_are_one_row_each_and_the_rest_is_counted() -> None:
    text = "\n".join(lines(MIXED))
    assert "pass 2 checks, 2 points (--verbose lists them)\n" in text
    for part in ("FAIL each item is an event of its own", FINDING.headline, FINDING.hint, "what happened at both ends"):
        assert text.count(part) == (2 if part == FINDING.headline else 1)
    assert "\nFAIL counts 0/4  items: 2; expected: 3\n" in text
    assert "\n???? is_quick 0/16  the machine gave the app no time; expected: a verdict\n" in text
    assert "\n---- 1 check blocked by “each item is an event of its own”, 8 points\n" in text
    assert "nothing is sent unasked" not in text


def test_all_of_it_is_shown_where_that_is_asked_for() -> None:
    text = "\n".join(lines(MIXED, verbose=True))
    for result in MIXED.results:
        assert result.check.title in " ".join(text.split())
    assert text.count("what happened at both ends:") == 3
    assert "(--verbose" not in text


def test_the_last_24_rows_hold_the_score_the_cause_and_the_next_step() -> None:
    place = Place("app.py", 17, "events", "yield sse(counts)")
    cause = "The app raised NameError: name 'counts' is not defined in app.py:17, “yield sse(counts)”. So: "
    wordy = replace(
        FAILED,
        finding=replace(FINDING, headline=cause + "words " * 200),
        raised=Raised("NameError: name 'counts' is not defined", (place,) * 9),
        printed="printed\n" * 99,
    )
    report = replace(MIXED, results=(wordy, *[COMPARED] * 3), notes=("A note of many words. " * 5,), log="log\n" * 99)
    in_sight = " ".join(" ".join(lines(report)[-24:]).split())
    assert cause in in_sight
    assert f"Score: {advice.score(report)}" in in_sight
    assert "Next: fix “each item is an event of its own”." in in_sight
    assert advice.single_check(report) in in_sight
    assert report.notes[0].strip() in in_sight


@pytest.mark.parametrize("feedback", Feedback)
def test_a_text_for_a_file_lists_what_its_reader_may_see(feedback: Feedback) -> None:
    """No option shows them more: it was somebody else who graded."""
    text = terminal.render(limited(MIXED, feedback))
    is_listed = feedback is not Feedback.SCORE
    marks = {Outcome.PASSED: "pass", Outcome.FAILED: "FAIL", Outcome.BLOCKED: "----", Outcome.INCONCLUSIVE: "????"}
    lines = [(f"{marks[one.outcome]} {one.check.title} ", f"{one.earned}/{one.check.points}") for one in MIXED.results]
    for start, end in lines:
        assert any(line.startswith(start) and line.endswith(end) for line in text.splitlines()) is is_listed
    assert ("items: 2; expected: 3" in text) is (feedback in (Feedback.FULL, Feedback.HEADLINES))
    assert "--verbose" not in text


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_curl_line_is_never_broken_or_cut(is_terminal: bool) -> None:
    """A terminal may break it where it shows it: what is copied from there is one line all the same."""
    curl = "curl -N 'http://127.0.0.1:8000/generate?prompt=" + "brown+otter+" * 99 + "&stream=true'"
    console = Console(file=io.StringIO(), force_terminal=is_terminal, width=80, color_system=None)
    terminal.show(replace(MIXED, results=(replace(FAILED, requests=(curl,)),)), console)
    assert isinstance(console.file, io.StringIO)
    assert f"\n      {curl}\n" in console.file.getvalue()


def shown(spot: Spot, width: int) -> list[str]:
    """The lines about ``spot`` on a terminal without colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    failed = replace(FAILED, finding=replace(FINDING, spot=spot))
    terminal.show(replace(MIXED, results=(failed,)), console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    at = next(at for at, line in enumerate(lines) if line.strip().startswith("response body at this point"))
    return [line.rstrip() for line in lines[at + 1 : at + 3]]


def test_a_line_ending_is_not_shown_as_a_backslash_is() -> None:
    body, _ = shown(Spot(b"data: 1\\n\n", 7, 7), 81)
    assert body.strip() == r"data: 1\n↵"


@pytest.mark.parametrize("width", [60, 81])
@pytest.mark.parametrize("filler", ["x", "é", "e\u0301", "中", "🙂", "\x1b", "\n"], ids=ascii)
@pytest.mark.parametrize("count", [0, 3, 90])
def test_the_caret_stands_under_the_offending_byte(filler: str, count: int, width: int) -> None:
    before, after = filler * count, "!" + filler * count
    body, caret = shown(Spot((before + after).encode(), len(before.encode()), 4711), width)
    assert caret.strip() == "^ byte 4711 of the body"
    assert cell_len(body) <= width
    assert cell_len(body.partition("!")[0]) == caret.index("^")
