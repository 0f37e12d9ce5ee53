"""What a watch shows on its page: the newest notice, for whoever listens."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from grader.learner.watch.board import Board
from grader.learner.watch.state import State
from grader.pool.news import Progress
from tests.conftest import DEADLINE
from tests.learner.watch.reports import report

BEGUN = State().started()


def test_each_change_that_a_reader_can_see_has_a_notice_of_its_own() -> None:
    board = Board()
    board.begin("Kata 77: Small echo")
    graded, seen = BEGUN.graded(report("pf")), []
    for state in (
        BEGUN,
        replace(BEGUN, progress=Progress(1, 2)),
        replace(BEGUN, progress=Progress(1, 2), details=True),
        graded,
        graded.started(),
    ):
        board.show(state)
        seen.append(board.notice)
    assert [notice.number for notice in seen] == [1, 2, 2, 3, 4]
    assert [notice.is_grading for notice in seen] == [True, True, True, False, True]
    assert [notice.now for notice in seen] == [
        "Run 1: the app is starting.",
        "Run 1: 1 of 2 checks.",
        "Run 1: 1 of 2 checks.",
        "Run 1. Waiting for a save.",
        "Run 2: the app is starting.",
    ]
    assert seen[0].report == seen[2].report < seen[3].report == seen[4].report


def test_what_is_wrong_is_said_while_the_grade_runs() -> None:
    board = Board()
    board.begin("Kata 77: Small echo")
    board.show(replace(BEGUN, progress=Progress(1, 2, "the answer is JSON: \x1b it is not")))
    assert board.notice.now == "Run 1: 1 of 2 checks. So far: the answer is JSON: \\x1b it is not"


def test_the_page_waits_for_a_report_and_then_shows_it_with_its_changes() -> None:
    board = Board()
    board.begin("Kata 77: Small echo")
    assert "The first grade is not over yet." in board.page()
    assert "Kata 77: Small echo" in board.page()
    board.show(BEGUN.troubled("the specification cannot be loaded"))
    assert "the specification cannot be loaded" in board.page()
    first = BEGUN.graded(report("fp"))
    board.show(first)
    assert "There is nothing to compare with yet." in board.page()
    board.show(first.started().graded(report("pp")))
    assert "passes now: a holds" in board.page()


def test_another_kata_has_a_page_of_its_own_at_once() -> None:
    board = Board()
    board.begin("Kata 1: One")
    board.show(BEGUN.graded(report("p")))
    before = board.notice
    board.begin("Kata 2: Two")
    board.show(State())
    assert board.notice.report != before.report
    assert "Kata 2: Two" in board.page()


def test_who_listens_is_woken_by_news_and_by_the_end() -> None:
    board = Board()

    async def listen() -> None:
        with board.listening() as heard:
            for happens in (lambda: board.show(BEGUN), board.close):
                heard.clear()
                await asyncio.get_running_loop().run_in_executor(None, happens)
                await asyncio.wait_for(heard.wait(), DEADLINE)

    asyncio.run(listen())
    board.show(BEGUN.graded(report("p")))  # nobody listens any more
    assert board.is_closed


def test_a_listener_whose_loop_has_ended_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        board.listening().__enter__()

    loop.run_until_complete(listen())
    loop.close()
    board.show(BEGUN)
    assert board.notice.number == 1
