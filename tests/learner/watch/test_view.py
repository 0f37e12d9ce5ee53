"""The one view: it fills the screen exactly, holds the score and the keys, and shows what is new."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from grader.learner.recall import Compared, News
from grader.learner.watch.state import State
from grader.learner.watch.view import Frame, line, screen
from grader.model import BootFailure, CheckResult, Finding, Outcome, Place, Raised, Report
from grader.pool.news import Progress
from grader.report import advice
from tests.learner.watch.reports import broken, report
from tests.report.samples import FAILED, MIXED, PERFECT, UNBOOTED

KEYS = (
    "Enter run   h hint   d details   ↑↓ scroll   n next   c copy   o page   ? keys   q quit",
    "Enter run  h hint  d details  n next  c copy  o page  ? keys  q quit",
    "h hint  d more  n next  ? keys  q quit",
    "h hint  d more  ? keys  q quit",
)
PLACE = Place("app.py", 17, "events", "yield item['x']")
HINTS = ("Think.", "Think again.", "This is it.")


def lines(state: State, *, columns: int = 80, rows: int = 24, encoding: str = "utf-8") -> list[str]:
    """What stands on a screen of this size."""
    file = io.TextIOWrapper(io.BytesIO(), encoding)
    console = Console(file=file, force_terminal=True, width=columns, height=rows, color_system=None, highlight=False)
    drawn, _ = screen(state, Frame("Kata 77: Small echo", Path.cwd() / "app.py"), console)
    rendered = console.render_lines(drawn, console.options.update(height=rows), pad=False)
    return ["".join(segment.text for segment in row).rstrip() for row in rendered]


def after(*reports: Report) -> State:
    state = State()
    for each in reports:
        state = state.started().graded(each)
    return state


def states() -> Iterator[State]:
    """All combinations of how checks can end with what else a state holds."""
    words = ["".join(word) for word in itertools.product("pfbi", repeat=2)]
    reports: list[Report | None] = [None, MIXED, PERFECT, UNBOOTED, broken(2), *(report(word) for word in words)]
    for index, last in enumerate(reports):
        before = reports[index - 1]
        for details, progress in itertools.product((False, True), (None, Progress(0, 0), Progress(2, 3))):
            yield State(last, before, progress, runs=9, details=details, hints=index % 4, scroll=index % 7)


# -- all of it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (40, 10)])
def test_every_state_fills_the_screen_exactly_and_holds_score_and_keys(columns: int, rows: int) -> None:
    for state in states():
        shown = lines(replace(state, scroll=0), columns=columns, rows=rows)
        assert len(shown) == rows
        assert max(cell_len(row) for row in shown) <= columns
        assert shown[-1] in KEYS
        assert len(shown[-1]) <= columns
        if state.report is not None:
            assert any(f"{state.report.points} of {state.report.possible} points" in row for row in shown)


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (2, 2), (10, 3), (400, 200)])
def test_no_size_is_too_odd(columns: int, rows: int) -> None:
    for state in (after(MIXED), replace(after(MIXED), details=True), after(UNBOOTED), State(message="x" * 99)):
        assert len(lines(state, columns=columns, rows=rows)) == rows


@given(st.text(max_size=80), st.booleans(), st.sampled_from(list(Outcome)))
@settings(max_examples=50, deadline=None)
def test_nothing_of_a_learners_can_move_the_cursor(text: str, details: bool, outcome: Outcome) -> None:
    found = Finding("so", "not so", headline=text)
    results = (CheckResult(MIXED.results[0].check, outcome, found),)
    failure = BootFailure(text, text)
    for each in (replace(MIXED, results=results), replace(UNBOOTED, boot_failure=failure, log=text)):
        for row in lines(replace(after(each), details=details, message=text)):
            assert not {char for char in row if ord(char) < 32 or 0x7F <= ord(char) < 0xA0}
            assert cell_len(row) <= 80


def test_after_full_marks_the_next_kata_is_offered_and_the_page_is_named_above() -> None:
    state = replace(after(PERFECT), following="Kata 78: Another")
    assert "n goes on with Kata 78: Another." in lines(state)
    assert not any("goes on" in row for row in lines(after(PERFECT)))
    console = Console(file=io.StringIO(), force_terminal=True, width=40, height=12, color_system=None)
    drawn, _ = screen(state, Frame("Kata 77", Path("app.py"), "http://127.0.0.1:40000/" + "t" * 32 + "/"), console)
    rows = ["".join(part.text for part in row) for row in console.render_lines(drawn, console.options, pad=False)]
    assert "".join(row.strip() for row in rows[1:3]) == "http://127.0.0.1:40000/" + "t" * 32 + "/"


def test_on_a_small_screen_the_cause_comes_at_once() -> None:
    shown = lines(after(report("ppf")), columns=40, rows=12)
    assert shown[:4] == [
        "Kata 77: Small echo",
        "2 of 3 points   waiting for a save",
        f"FAIL c holds{'0/1':>28}",
        "     c does not hold",
    ]


def test_on_a_small_screen_a_long_title_and_the_news_leave_room_for_the_cause() -> None:
    (failed,) = report("f").results
    wordy = replace(failed, check=replace(failed.check, title="each event reaches the client before the next one is"))
    results = (*report("pppppppppp").results[1:], wordy)
    state = after(report("f" * 10), replace(report("f" * 10), results=results))
    assert lines(state, columns=40, rows=12)[:5] == [
        "Kata 77: Small echo",
        "9 of 10 points  +9 checks",
        "FAIL each event reaches the client … 0/1",
        "     a does not hold",
        "",
    ]


def test_on_a_small_screen_the_line_of_an_app_that_does_not_start_is_seen() -> None:
    failure = BootFailure(f"app.py raises FastAPIError while it is imported: {'long ' * 90}", frames=(PLACE,))
    shown = lines(after(replace(UNBOOTED, boot_failure=failure)), columns=40, rows=12)
    assert any("app.py:17, in events" in row for row in shown)


# -- what is new ------------------------------------------------------------------------------------------------------


def test_before_the_first_grade_ends_it_says_how_far_it_is() -> None:
    state = State().started()
    assert lines(state)[:2] == ["Kata 77: Small echo   app.py", "   run 1: the app is starting"]
    assert lines(replace(state, progress=Progress(1, 3)))[1] == "   run 1: 1 of 3 checks"
    assert lines(replace(state, progress=Progress(1, 1)))[1] == "   run 1: 1 of 1 check"


def test_what_is_wrong_is_said_before_the_first_grade_ends_and_later_instead_of_the_signs() -> None:
    wrong = Progress(4, 9, "The event loop was blocked for 0.5 s at app.py:28: time.sleep(0.5). " + "So it is. " * 20)
    first = lines(replace(State().started(), progress=wrong))
    assert first[1:4] == [
        "   run 1: 4 of 9 checks",
        "",
        "so far: The event loop was blocked for 0.5 s at app.py:28: time.sleep(0.5). So",
    ]
    state = after(report("pf"))
    before, meanwhile = lines(state), lines(replace(state.started(), progress=wrong))
    assert before[2] == "✓✗"
    assert meanwhile[2].startswith("so far: The event loop was blocked for 0.5 s at app.py:28: time.sleep(0.5).")
    assert before[3:] == meanwhile[3:]
    assert len(lines(replace(state.started(), progress=wrong), columns=40, rows=12)) == 12


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ("ffb", "pfb", "  +1 check"),
        ("ffb", "ppp", "  +3 checks"),
        ("ppp", "pfb", "  -2 checks"),
        ("pff", "fpp", "  +2 checks, -1 check"),
        ("pff", "pff", ""),
    ],
)
def test_the_change_since_the_grade_before_stands_beside_the_score(before: str, now: str, change: str) -> None:
    state = after(report(before), report(now))
    score = f"{now.count('p')} of 3 points{change}"
    assert lines(state)[1] == f"{score}   run 2, 1.5 s; waiting for a save"
    assert lines(replace(state, progress=Progress(1, 3)))[1] == f"{score}   run 2: 1 of 3 checks"


def test_what_was_gained_and_lost_is_named_and_a_long_list_cut() -> None:
    shown = lines(after(report("pffffff"), report("fpppppp")))
    assert shown[2] == "✗✓✓✓✓✓✓"
    assert shown[4].startswith("FAIL a holds")
    assert shown[6:12] == ["", "+ b holds", "+ c holds", "+ d holds", "+ e holds", "+ … and 2 more"]
    assert shown[12] == "- a holds"


def test_what_is_new_and_what_is_as_before_is_said_of_each_failed_check() -> None:
    compared = Compared({"a": News.SAME, "b": News.OTHER, "c": News.BROKEN}, {"b": "b was late"}, "c")
    state = State().started().graded(report("fff"), {}, compared)
    shown = lines(state)
    at = next(at for at, row in enumerate(shown) if row.startswith("FAIL c holds"))
    assert shown[at + 1] == "     new: this check passed before"
    assert "FAIL a 0/1  as before: a does not hold" in shown
    assert "FAIL b 0/1  new finding: b does not hold" in shown
    assert "new finding; before, it was: b was late" in "\n".join(lines(state.moved(-1)))
    assert "    as before" in lines(replace(state.moved(1), details=True), rows=60)
    assert not any("passed before" in row for row in lines(state, columns=40, rows=12))
    assert line(state) == "0 of 3 points. Next: fix “c holds”. c does not hold"


def test_a_new_title_that_takes_several_rows_is_indented() -> None:
    wordy, other = (replace(one, check=replace(one.check, title="word " * 30)) for one in report("pp").results)
    now = replace(report("pp"), results=(replace(wordy, check=replace(wordy.check, id="a")), other))
    shown = lines(after(report("ff"), now))
    at = next(at for at, row in enumerate(shown) if row.startswith("+ word"))
    assert shown[at + 1].startswith("  word")


def test_a_sign_for_each_check_shows_how_it_ended_in_plain_characters_if_need_be() -> None:
    state = after(report("pfbi"))
    assert lines(state)[2] == "✓✗·?"
    assert lines(state, encoding="ascii")[2] == ".F-?"
    wide = lines(state, columns=120, encoding="ascii")
    assert wide[-1] == KEYS[0].replace("↑↓", "??")


# -- what to look at --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [0, 1, 2, 3])
def test_the_first_failed_check_stands_there_with_as_many_hints_as_were_asked_for(asked: int) -> None:
    state = after(report("pff", hints=HINTS))
    for _ in range(asked):
        state = state.with_hint()
    text = "\n".join(row.strip() for row in lines(state))
    assert "FAIL b holds" in text
    assert "b does not hold\n" in text
    assert [f"hint {at} of 3: {hint}" in text for at, hint in enumerate(HINTS, 1)] == [at <= asked for at in range(3)]
    assert "1 of 2 that failed; n shows the next\nFAIL c 0/1  c does not hold" in text


def test_the_next_failed_check_is_looked_at_and_the_others_are_named() -> None:
    state = after(report("pffbf")).moved(1)
    text = "\n".join(row.strip() for row in lines(state))
    assert "FAIL c holds" in text
    assert "2 of 3 that failed" in text
    assert "FAIL b 0/1  b does not hold" in text
    assert "FAIL c 0/1" not in text
    assert state.moved(1).moved(1).to_fix == after(report("pffbf")).to_fix


def test_the_keys_are_explained_in_place_of_the_report() -> None:
    shown = lines(replace(after(report("pf")), help=True))
    assert any(row.startswith("h      one more hint") for row in shown)
    assert not any("b does not hold" in row for row in shown)


def test_what_the_app_raised_and_noticed_is_in_the_view() -> None:
    failed = replace(FAILED, raised=Raised("KeyError: 'x'", (PLACE,)), printed="hello\n")
    text = "\n".join(lines(after(replace(MIXED, results=(failed,))), columns=120, rows=40))
    assert "app.py:17, in events" in text
    assert "printed     hello" in text
    assert MIXED.notes[0] in text


def test_lines_below_the_screen_are_counted() -> None:
    state = replace(after(MIXED), details=True)
    whole = [row for row in lines(state, rows=60)[:-1] if row]
    shown = lines(state, rows=12)
    assert shown[-2].startswith("↓ ")
    assert shown[-2].endswith(" more lines")
    assert len(whole) > 10


def test_details_show_the_whole_of_it_with_the_picture() -> None:
    state = replace(after(MIXED), details=True)
    text = " ".join(" ".join(lines(state, columns=120, rows=60)).split())
    for part in (
        "expected “two”",
        "seen a field “data two”",
        "app.py:17",
        "WHATWG HTML 9.2.6",
        "both ends",
        "GET /echo",
    ):
        assert part in text
    assert "hint 1 of" not in text


def test_scrolling_ends_where_the_end_is_seen() -> None:
    state = replace(after(MIXED), details=True)
    whole = lines(state, rows=60)
    below = [row for row in whole[:-1] if row]
    assert lines(replace(state, scroll=1), rows=16)[0] == whole[1]
    assert lines(replace(state, scroll=1), rows=16)[-2].startswith("↓ ")
    assert lines(replace(state, scroll=999), rows=16)[-2] == below[-1]
    assert lines(replace(state, scroll=999), rows=60) == whole


def test_an_app_that_does_not_start_says_why_and_loses_nothing() -> None:
    shown = lines(after(report("ppp"), UNBOOTED))
    assert any(row.startswith("The app did not start: app.py raises KeyError") for row in shown)
    assert "What the app printed:" in shown
    assert not [row for row in shown if row.startswith(("- ", "✗"))]


@pytest.mark.parametrize("state", [State(), after(report("pf"))], ids=["first", "later"])
def test_why_there_is_no_report_is_said_beside_the_last_one(state: State) -> None:
    shown = lines(state.started().troubled("the specification cannot be loaded"))
    assert "the specification cannot be loaded" in shown
    assert shown[1].endswith("waiting for a save")


def test_full_marks_say_what_comes_next() -> None:
    assert advice.next_step(report("ppp")) in "\n".join(lines(after(report("ppp")), columns=120))


# -- the same in one line ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (after(report("pf")), "1 of 2 points. Next: fix “b holds”. b does not hold"),
        (after(report("pf"), report("fp")), "1 of 2 points (+1 check, -1 check). Next: fix “a holds”. a does not hold"),
        (after(report("pp")), f"2 of 2 points. {advice.next_step(report('pp'))}"),
        (
            after(report("pf"), broken(2)),
            "0 of 2 points. The app did not start: app.py is not valid Python: unexpected indent",
        ),
        (State().troubled("no\x1b[2Jne"), "no\\x1b[2Jne"),
        (after(report("pf")).troubled("a message"), "1 of 2 points. Next: fix “b holds”. b does not hold"),
    ],
)
def test_a_grade_in_one_line(state: State, words: str) -> None:
    assert line(state) == words
