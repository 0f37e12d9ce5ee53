"""The loop of a watch, with a worker, saves and keys made by hand: what each of them leads to, in which order."""

from __future__ import annotations

import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.catalog.kata import Kata
from grader.grading.run import Job
from grader.learner.journal import Journal
from grader.learner.recall import News as Seen
from grader.learner.watch.keys import Keys
from grader.learner.watch.loop import Watch
from grader.learner.watch.saves import Saves
from grader.learner.watch.state import State
from grader.pool.news import News, Progress, Trouble
from grader.serving.launch import Launch
from tests.conftest import DEADLINE
from tests.learner.watch.reports import broken, report

HINTS = ("Think.", "Think again.", "This is it.")


class HandWorker:
    """Grades nothing, and tells what a test makes it tell."""

    def __init__(self, job: Job) -> None:
        self._readable, self._writable = os.pipe()
        self._news: list[News] = []
        self.is_stopped = False

    def tell(self, news: News) -> None:
        self._news.append(news)
        os.write(self._writable, b".")

    def fileno(self) -> int:
        return self._readable

    def receive(self) -> News:
        assert self._news, "it waits for news that need not come"
        os.read(self._readable, 1)
        return self._news.pop(0)

    def stop(self) -> None:
        self.is_stopped = True
        os.close(self._readable)
        os.close(self._writable)


class HandSaves(Saves):
    """Watches nothing."""

    def save(self) -> None:
        os.write(self._writable, b".")

    def close(self) -> None:
        os.close(self._readable)
        os.close(self._writable)


class Desk:
    """A watch at work in a thread, and all that it reacts to. ``furthest`` is how far its screen could be scrolled."""

    def __init__(self, workspace: Path) -> None:
        self.kata = Kata(workspace / "kata-77-small-echo", "Small echo", workspace / "solutions")
        self.journal = Journal(workspace)
        self.workers: list[HandWorker] = []
        self._hired: queue.Queue[HandWorker] = queue.Queue()
        self.ends: list[State] = []
        self.copied: list[str] = []
        self.furthest = 3
        self.when_shown: Callable[[State], None] = lambda _: None
        self._shown: queue.Queue[State | Exception] = queue.Queue()
        self._keyboard, self._hand = os.pipe()
        self.saves = HandSaves(self.kata.folder)
        self._thread = threading.Thread(target=self._run)
        self.start: Callable[[Job], HandWorker] = self.hire
        self.following = ""
        self.watch: Watch | None = None

    def hire(self, job: Job) -> HandWorker:
        self.workers.append(HandWorker(job))
        self._hired.put(self.workers[-1])
        return self.workers[-1]

    def hired(self) -> HandWorker:
        """The worker of the next grade, once it has begun."""
        return self._hired.get(timeout=DEADLINE)

    def open(self) -> None:
        self._thread.start()

    def press(self, keys: str) -> None:
        os.write(self._hand, keys.encode())

    def wait_for(self, condition: Callable[[State], object]) -> State:
        """The first state from now on for which ``condition`` holds."""
        deadline = time.monotonic() + DEADLINE
        while True:
            state = self._shown.get(timeout=max(0.0, deadline - time.monotonic()))
            if isinstance(state, Exception):
                raise state
            if condition(state):
                return state

    def graded(self, word: str, *, hints: tuple[str, ...] = HINTS, requests: tuple[str, ...] = ()) -> State:
        """Let the next grade end with this report."""
        expected = report(word, hints=hints)
        results = tuple(replace(result, requests=requests) for result in expected.results)
        expected = replace(expected, results=results) if requests else expected
        self.hired().tell(expected)
        return self.wait_for(lambda state: state.report is expected)

    @property
    def is_at_work(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        """Wait until the watch has ended by itself."""
        self._thread.join(DEADLINE)
        assert not self.is_at_work

    def close(self) -> None:
        self.when_shown = lambda _: None
        self.press("q")
        self._thread.join(DEADLINE)
        self.saves.close()
        os.close(self._keyboard)
        os.close(self._hand)
        assert all(worker.is_stopped for worker in self.workers)

    def _show(self, state: State, has_ended: bool) -> int:
        self.ends += [state] if has_ended else []
        self._shown.put(state)
        self.when_shown(state)
        return self.furthest

    def _run(self) -> None:
        job = Job(self.kata, Launch(self.kata.stub))
        try:
            keys = Keys(self._keyboard)
            watch = self.watch = Watch(
                job,
                start=lambda job: self.start(job),
                show=self._show,
                saves=self.saves,
                keys=keys,
                journal=self.journal,
                copy=self.copied.append,
                following=lambda: self.following,
            )
            watch.run()
        except Exception as error:
            self._shown.put(error)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A watch that has begun, and ends with the test."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    desk = Desk(workspace)
    desk.open()
    yield desk
    desk.close()


# -- grades -----------------------------------------------------------------------------------------------------------


def test_it_grades_at_once_and_tells_how_far_it_is(desk: Desk) -> None:
    worker = desk.hired()
    assert desk.wait_for(lambda state: state.progress).runs == 1
    worker.tell(Progress(1, 2))
    desk.wait_for(lambda state: state.progress == Progress(1, 2))
    worker.tell(report("pf"))
    assert desk.wait_for(lambda state: state.report).runs == 1
    assert desk.workers == [worker]
    assert worker.is_stopped


@pytest.mark.parametrize("occasion", ["save", "enter"])
def test_a_save_and_the_enter_key_begin_another_grade(occasion: str, desk: Desk) -> None:
    desk.graded("ff")
    desk.saves.save() if occasion == "save" else desk.press("\r")
    assert desk.graded("pf").gained == ["a holds"]
    assert [state.runs for state in desk.ends] == [1, 2]


@pytest.mark.parametrize("occasion", ["save", "enter"])
def test_what_comes_in_mid_grade_ends_that_grade_and_begins_another(occasion: str, desk: Desk) -> None:
    first = desk.hired()
    desk.saves.save() if occasion == "save" else desk.press("\r")
    desk.graded("p")
    assert first.is_stopped
    assert [state.runs for state in desk.ends] == [2]


def test_saves_in_quick_succession_are_one(desk: Desk) -> None:
    desk.graded("f")

    def save_thrice(state: State) -> None:
        if state.details and state.runs == 1:
            for _ in range(3):
                desk.saves.save()

    desk.when_shown = save_thrice
    desk.press("d")
    desk.graded("p")
    assert [state.runs for state in desk.ends] == [1, 2]


def test_news_of_a_grade_that_a_save_has_just_ended_are_forgotten(desk: Desk) -> None:
    """The save and the old grade's report can be read in the same moment, and the new grade has nothing to say yet."""

    first = desk.hired()

    def both(state: State) -> None:
        if state.details and state.runs == 1:
            desk.saves.save()
            first.tell(report("f"))

    desk.when_shown = both
    desk.press("d")
    for _ in ("it begins", "all that was read is dealt with"):
        desk.wait_for(lambda state: state.runs == 2)
    desk.graded("p")
    assert [state.runs for state in desk.ends] == [2]


def test_a_grade_without_a_report_says_why_and_the_next_save_grades_again(desk: Desk) -> None:
    desk.hired().tell(Trouble("the specification cannot be loaded"))
    desk.wait_for(lambda state: state.message == "the specification cannot be loaded")
    desk.saves.save()
    assert desk.graded("p").message == ""
    assert len(desk.ends) == 2


def test_where_nobody_reads_any_more_the_watch_ends_and_its_grade_with_it(desk: Desk) -> None:
    def break_off(_: State) -> None:
        raise BrokenPipeError

    desk.hired()
    desk.when_shown = break_off
    desk.press("d")
    with pytest.raises(BrokenPipeError):
        desk.wait_for(lambda _: False)


def test_what_a_save_broke_is_looked_at_and_remembered_for_the_next_grade(desk: Desk) -> None:
    desk.graded("fp")
    for source, focus, news in (("1", "b", Seen.BROKEN), ("2", "b", Seen.SAME)):
        desk.kata.folder.mkdir(exist_ok=True)
        desk.kata.stub.write_text(source, "utf-8")
        desk.saves.save()
        state = desk.graded("ff")
        assert state.to_fix is not None
        assert (state.to_fix.check.id, state.compared.news) == (focus, {"a": Seen.SAME, "b": news})
    assert desk.journal.standing(desk.kata).focus == "b"


# -- keys -------------------------------------------------------------------------------------------------------------


def test_d_shows_the_details_from_their_beginning_and_hides_them(desk: Desk) -> None:
    desk.graded("f")
    desk.press("\x1b[B")
    desk.wait_for(lambda state: state.scroll == 1)
    desk.press("d")
    assert desk.wait_for(lambda state: state.details).scroll == 0
    desk.press("D")
    desk.wait_for(lambda state: not state.details)


def test_scrolling_goes_no_further_than_there_is_something_to_see(desk: Desk) -> None:
    desk.graded("f")
    desk.press("\x1b[B" * 9)
    assert desk.wait_for(lambda state: state.scroll).scroll == desk.furthest
    desk.press("\x1b[A")
    desk.wait_for(lambda state: state.scroll == desk.furthest - 1)
    desk.press("\x1b[A" * 9)
    desk.wait_for(lambda state: state.scroll == 0)


def _has(hints: int) -> Callable[[State], bool]:
    return lambda state: state.hints == hints


def test_each_hint_that_is_shown_is_remembered_once(desk: Desk) -> None:
    desk.graded("pf")
    for hints in (2, 3):
        desk.press("h")
        desk.wait_for(_has(hints))
        assert desk.journal.standing(desk.kata).hints == {"b": hints - 1}
    desk.press("hhd")  # there are three
    assert desk.wait_for(lambda state: state.details).hints == 3
    assert desk.journal.standing(desk.kata).hints == {"b": 2}


def test_where_there_is_no_hint_none_is_remembered(desk: Desk) -> None:
    desk.graded("f", hints=())
    desk.press("h")
    desk.wait_for(lambda state: "has no hint" in state.message)
    assert desk.journal.standing(desk.kata).hints == {}


def test_the_request_is_copied_and_kept_in_a_file(desk: Desk) -> None:
    desk.graded("f", requests=("curl -N http://127.0.0.1:8000/",))
    desk.press("c")
    message = desk.wait_for(lambda state: bool(state.message)).message
    assert message.startswith("The request is copied. Until you quit it is in ")
    assert desk.copied == ["curl -N http://127.0.0.1:8000/"]


def test_without_a_failure_there_is_no_request_to_copy(desk: Desk) -> None:
    desk.graded("p")
    desk.press("c")
    assert desk.wait_for(lambda state: bool(state.message)).message == "There is no request to copy."


def test_keys_move_between_the_failed_checks_and_explain_themselves(desk: Desk) -> None:
    desk.graded("fpf")
    desk.press("n")
    assert desk.wait_for(lambda state: state.at == 1).to_fix is not None
    desk.press("p")
    desk.wait_for(lambda state: state.at == 0)
    desk.press("?")
    desk.wait_for(lambda state: state.help)


@pytest.mark.parametrize("key", ["h", "d", "o", "n", "p", "c", "\n"])
def test_what_a_key_shows_takes_the_place_of_the_explained_keys(desk: Desk, key: str) -> None:
    desk.graded("fpf")
    desk.press("?")
    desk.wait_for(lambda state: state.help)
    desk.press(key)
    desk.wait_for(lambda state: not state.help)


def test_after_full_marks_n_goes_on_with_the_next_kata_and_nothing_else_does(desk: Desk) -> None:
    desk.following = "Kata 78: Another"
    assert desk.graded("pf").following == ""
    desk.press("n")
    desk.wait_for(lambda state: state.message == "There is no other check that failed.")
    desk.saves.save()
    assert desk.graded("pp").following == "Kata 78: Another"
    assert desk.is_at_work
    desk.press("n")
    desk.end()
    assert desk.watch is not None
    assert desk.watch.goes_on


def test_where_no_kata_follows_n_goes_nowhere(desk: Desk) -> None:
    desk.graded("p")
    desk.press("n")
    desk.wait_for(lambda state: state.message == "There is no other check that failed.")
    desk.press("q")
    desk.end()
    assert desk.watch is not None
    assert not desk.watch.goes_on


def test_keys_without_a_meaning_change_nothing(desk: Desk) -> None:
    before = desk.graded("f")
    desk.press("xyz\x1b[D\t0")
    desk.press("d")
    assert desk.wait_for(lambda state: state != before) == replace(before, details=True)


def test_before_the_first_report_no_key_does_harm(desk: Desk) -> None:
    desk.wait_for(lambda state: state.progress)
    desk.press("od\x1b[B\x1b[Ah")
    assert "nothing to give a hint about" in desk.wait_for(lambda state: state.message).message
    desk.graded("p")


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_every_grade_is_noted(desk: Desk) -> None:
    desk.graded("pf")
    desk.saves.save()
    desk.hired().tell(broken(2))
    desk.wait_for(lambda state: state.report and state.report.boot_failure)
    standing = desk.journal.standing(desk.kata)
    assert (standing.attempts, standing.best and standing.best.points) == (2, 1)
    assert "unexpected indent" in standing.trouble


def test_a_workspace_that_cannot_be_written_ends_nothing(desk: Desk) -> None:
    desk.journal.file.parent.rmdir()
    desk.graded("f")
    desk.press("h")
    desk.wait_for(lambda state: state.hints == 2)


def test_a_grade_that_cannot_be_started_is_said_and_another_one_can_be(tmp_path: Path, desk: Desk) -> None:
    def cannot(job: Job) -> HandWorker:
        desk.start = desk.hire
        raise BlockingIOError(11, "Resource temporarily unavailable")

    desk.graded("pf")
    desk.start = cannot
    desk.saves.save()
    state = desk.wait_for(lambda state: state.message)
    assert "could not be started: [Errno 11] Resource" in state.message
    desk.saves.save()
    desk.graded("pp")


def test_a_page_that_cannot_be_written_ends_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(desk.kata.folder / "gone"))
    desk.graded("f")
    desk.press("o")
    assert "No such file or directory" in desk.wait_for(lambda state: state.message).message
    desk.press("d")
    desk.wait_for(lambda state: state.details)
