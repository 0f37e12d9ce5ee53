"""What a watch knows: which checks were gained and lost, which hints are shown, what became of a grade."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.learner.recall import Compared
from grader.learner.watch.state import State
from grader.model import Report
from grader.pool.news import Progress
from tests.learner.watch.reports import broken, report

HINTS = ("Think.", "Think again.", "This is it.")


def after(*reports: Report) -> State:
    """The state after these grades."""
    state = State()
    for each in reports:
        state = state.started().graded(each)
    return state


def test_before_the_first_grade_nothing_is_known() -> None:
    assert (State().to_fix, State().all_hints, State().gained, State().lost) == (None, (), [], [])


@pytest.mark.parametrize(
    ("before", "now", "gained", "lost"),
    [
        ("ff", "ff", "", ""),
        ("ff", "pf", "a", ""),
        ("pf", "ff", "", "a"),
        ("pf", "fp", "b", "a"),
        ("fb", "pp", "ab", ""),
        ("pp", "fb", "", "ab"),
        ("ip", "pi", "a", "b"),
        ("f", "fp", "b", ""),
    ],
)
def test_what_passes_now_and_did_not_before_is_gained_and_the_other_way_round_lost(
    before: str, now: str, gained: str, lost: str
) -> None:
    state = after(report(before), report(now))
    assert state.gained == [f"{name} holds" for name in gained]
    assert state.lost == [f"{name} holds" for name in lost]


def test_the_first_grade_gains_nothing() -> None:
    state = after(report("pp"))
    assert (state.gained, state.lost) == ([], [])


def test_an_app_that_is_broken_in_mid_edit_loses_nothing() -> None:
    state = after(report("pp"), broken(2))
    assert (state.gained, state.lost, state.to_fix) == ([], [], None)


@pytest.mark.parametrize("times", [1, 3])
def test_once_it_starts_again_it_is_compared_with_when_it_last_started(times: int) -> None:
    state = after(report("pf"), *[broken(2)] * times, report("fp"))
    assert (state.gained, state.lost) == (["b holds"], ["a holds"])


def test_an_app_that_starts_for_the_first_time_gains_nothing() -> None:
    state = after(broken(2), report("pp"))
    assert (state.gained, state.lost) == ([], [])


def test_the_first_failed_check_is_the_one_to_mend() -> None:
    to_fix = after(report("pibff")).to_fix
    assert to_fix is not None
    assert to_fix.check.id == "d"
    assert after(report("pib")).to_fix is None


@pytest.mark.parametrize(
    ("hints", "cause", "shown"),
    [
        (HINTS, "", HINTS),
        (HINTS, HINTS[0], HINTS),
        (HINTS, "You divide by zero.", ("You divide by zero.", *HINTS)),
        ((), "You divide by zero.", ("You divide by zero.",)),
        ((), "", ()),
    ],
)
def test_a_hint_about_the_cause_comes_before_the_checks_own(
    hints: tuple[str, ...], cause: str, shown: tuple[str, ...]
) -> None:
    assert after(report("f", hints=hints, cause=cause)).all_hints == shown


def test_hints_are_shown_one_after_the_other_and_no_more_than_there_are() -> None:
    states = [after(report("f", hints=HINTS))]
    for _ in range(4):
        states.append(states[-1].with_hint())
    assert [state.hints for state in states] == [1, 2, 3, 3, 3]
    assert [state.message for state in states] == ["", "", "", *(2 * ["This was the last hint."])]


def test_a_check_without_hints_says_so_and_shows_the_first_that_turns_up_later() -> None:
    state = after(report("f")).with_hint()
    assert state.message == "This check has no hint. The kata's README says what is graded."
    assert state.started().graded(report("f", cause="You divide by zero.")).hints == 1


@pytest.mark.parametrize("last", [report("p"), broken(1), report("i")], ids=["all passed", "not started", "undecided"])
def test_where_nothing_failed_there_is_nothing_to_give_a_hint_about(last: Report) -> None:
    state = after(last).with_hint()
    assert (state.message, state.hints) == ("No check failed: there is nothing to give a hint about.", 1)


@pytest.mark.parametrize(
    ("word", "kept"), [("f", True), ("fb", True), ("pf", False), ("pp", False)], ids=["same", "wider", "next", "none"]
)
def test_hints_and_place_are_kept_as_long_as_the_same_check_fails(word: str, kept: bool) -> None:
    state = replace(after(report("ff", hints=HINTS)).with_hint(), scroll=5)
    state = state.started().graded(report(word, hints=HINTS))
    assert (state.hints, state.scroll) == ((2, 5) if kept else (1, 0))


@pytest.mark.parametrize(("moved", "looked_at"), [(0, "a"), (1, "c")])
def test_a_check_that_fails_before_the_one_that_is_looked_at_comes_first_unless_the_learner_has_moved(
    moved: int, looked_at: str
) -> None:
    state = after(report("pff", hints=HINTS))
    for _ in range(moved):
        state = state.moved(1)
    state = state.with_hint().started().graded(report("fff", hints=HINTS))
    assert state.to_fix is not None
    assert (state.to_fix.check.id, state.hints) == (looked_at, 1 + moved)
    state = state.started().graded(report("pff", hints=HINTS))
    assert state.to_fix is not None
    assert state.to_fix.check.id == (looked_at if moved else "b")


@pytest.mark.parametrize(
    ("keys", "looked_at"),
    [("", "c"), ("n", "a"), ("nn", "b"), ("nnn", "c"), ("p", "b")],
    ids=lambda keys: keys or "none",
)
def test_what_the_last_change_broke_is_looked_at_unless_the_learner_has_moved(keys: str, looked_at: str) -> None:
    state = after(report("ffp", hints=HINTS)).with_hint().started()
    state = state.graded(report("fff", hints=HINTS), {"c": 3}, Compared(focus="c"))
    assert state.to_fix is not None
    assert (state.to_fix.check.id, state.hints) == ("c", 3)
    for key in keys:
        state = state.moved(1 if key == "n" else -1)
    state = state.started().graded(broken(3)).started()
    state = state.graded(report("fff", hints=HINTS), {}, Compared(focus="c"))
    assert state.to_fix is not None
    assert state.to_fix.check.id == looked_at


def test_hints_are_kept_though_the_app_is_broken_in_mid_edit() -> None:
    state = replace(after(report("f", hints=HINTS)).with_hint(), scroll=5).started().graded(broken(1))
    assert state.scroll == 0  # of another text
    assert state.started().graded(report("f", hints=HINTS)).hints == 2
    assert state.started().graded(report("pf", hints=HINTS)).hints == 1


def test_a_grade_that_begins_is_counted_and_its_progress_shown_until_it_ends() -> None:
    begun = after(report("f")).troubled("the machine is asleep").started()
    assert (begun.runs, begun.progress, begun.message) == (2, Progress(0, 0), "")
    assert begun.report is not None  # the last one stays to be read
    assert begun.graded(report("p")).progress is None


def test_a_grade_without_a_report_leaves_the_last_one_and_says_why() -> None:
    before = after(report("pf"), report("pp"))
    state = before.started().troubled("the specification cannot be loaded")
    assert (state.message, state.progress) == ("the specification cannot be loaded", None)
    assert (state.report, state.gained) == (before.report, ["b holds"])
    assert state.started().graded(report("fp")).lost == ["a holds"]
