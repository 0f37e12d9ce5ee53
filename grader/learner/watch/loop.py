"""The loop of a watch: waits for saves, keys and the running grade at once, changes the state, and shows it."""

from __future__ import annotations

import selectors
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

from grader.catalog.kata import Kata
from grader.grading.run import Job
from grader.learner.journal import Journal
from grader.learner.recall import Compared, source_of
from grader.learner.watch.handout import Handout
from grader.learner.watch.keys import DOWN, UP, Keys
from grader.learner.watch.saves import Saves
from grader.learner.watch.state import State
from grader.model import Report
from grader.pool.news import News, Progress, Trouble

#: Shows a state. Its second argument says whether a grade has just ended. Returns how far its text can be scrolled.
Show = Callable[[State, bool], int]

_TICK = 0.5  # seconds, after which a new size of the terminal is noticed


class RunningGrade(Protocol):
    """The part of :class:`Worker <grader.pool.worker.Worker>` that the loop uses."""

    def fileno(self) -> int: ...

    def receive(self) -> News: ...

    def stop(self) -> None: ...


class Watch:
    """Grades ``job`` at the beginning and after every save. A save during a grade ends it and starts a new one.

    ``start`` starts a grade; it raises OSError when it cannot. Every grade is noted in ``journal``, if there is one.
    Without a terminal, ``keys`` is None. ``copy`` puts text into the clipboard. ``handout`` gives pages and requests.
    ``following`` returns the heading of the kata after this one, to which a learner with full marks can go on: then
    ``run`` ends, and ``goes_on`` is true.
    """

    def __init__(
        self,
        job: Job,
        *,
        start: Callable[[Job], RunningGrade],
        show: Show,
        saves: Saves,
        keys: Keys | None,
        journal: Journal | None,
        copy: Callable[[str], None] = lambda _: None,
        handout: Handout | None = None,
        following: Callable[[], str] = lambda: "",
    ) -> None:
        self._job = job
        self._start = start
        self._show = show
        self._saves = saves
        self._keys = keys
        self._journal = journal
        self._copy = copy
        self._worker: RunningGrade | None = None
        self._selector = selectors.DefaultSelector()
        self._handout = handout or Handout()
        self._following = following
        self._going_on = True
        self._furthest = 0
        self._is_remembered = keys is not None and journal is not None  # what is shown now, for the next report
        self._source = ""  # the digest of what is graded
        self.goes_on = False
        self.state = State()

    def run(self) -> None:
        """Returns when the user quits, or the terminal has been closed."""
        self._selector.register(self._saves, selectors.EVENT_READ, self._saved)
        if self._keys is not None:
            self._selector.register(self._keys, selectors.EVENT_READ, self._pressed)
        try:
            self._begin()
            while self._going_on:
                for key, _ in self._selector.select(_TICK):
                    react: Callable[[], None] = key.data
                    react()
                self._draw()
        finally:
            self._end_grade()
            self._selector.close()
            self._handout.remove()

    def _draw(self, *, has_ended: bool = False) -> None:
        self._furthest = self._show(self.state, has_ended)

    # -- a grade ------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._end_grade()
        self._source = source_of(self._job.launch.file) if self._is_remembered else ""
        self.state = self.state.started()
        self._draw()
        try:
            self._worker = self._start(self._job)
        except OSError as error:
            self.state = self.state.troubled(f"The grader's process could not be started: {error}")
            self._draw(has_ended=True)
            return
        self._selector.register(self._worker, selectors.EVENT_READ, partial(self._heard, self._worker))

    def _end_grade(self) -> None:
        if self._worker is not None:
            self._selector.unregister(self._worker)
            self._worker.stop()
            self._worker = None

    def _heard(self, worker: RunningGrade) -> None:
        if worker is not self._worker:  # it was ended by an event that was handled just before
            return
        match worker.receive():
            case Progress() as progress:
                self.state = replace(self.state, progress=progress)
                return
            case Report() as report:
                self._end_grade()
                self.state = self._graded(report)
                if self.state.is_done:
                    self.state = replace(self.state, following=self._following())
            case Trouble(message):
                self._end_grade()
                self.state = self.state.troubled(message)
        self._draw(has_ended=True)

    def _graded(self, report: Report) -> State:
        shown = self._source if self._is_remembered else None
        return self.state.graded(report, *_noted(self._journal, self._job.kata, report=report, shown=shown))

    # -- the learner --------------------------------------------------------------------------------------------------

    def _saved(self) -> None:
        self._saves.take()
        self._begin()

    def _pressed(self) -> None:
        assert self._keys is not None
        pressed = self._keys.read()
        if pressed is None:  # the terminal is gone, and its SIGHUP may have gone to other processes only
            signal.raise_signal(signal.SIGHUP)
            self._going_on = False  # SIGHUP may be ignored, as under nohup
            return
        for key in pressed:
            self._do(key)

    def _do(self, key: str) -> None:
        if key not in ("?", "q", UP, DOWN):  # what a key shows must be seen
            self.state = replace(self.state, help=False)
        match key:
            case "enter":
                self._begin()
            case "h":
                self._hint()
            case "d":
                self.state = replace(self.state, details=not self.state.details, scroll=0)
            case "o" if self.state.report is not None:
                self.state = replace(self.state, message=self._handout.open(self.state.report))
            case "n" if self.state.is_done and self.state.following:
                self.goes_on, self._going_on = True, False
            case "n" | "p":
                self.state = self.state.moved(1 if key == "n" else -1)
            case "c":
                self.state = replace(self.state, message=self._handout.copy(self.state.to_fix, self._copy))
            case "?":
                self.state = replace(self.state, help=not self.state.help, scroll=0)
            case "q":
                self._going_on = False
            case _ if key in (UP, DOWN):
                scroll = self.state.scroll + (1 if key == DOWN else -1)
                self.state = replace(self.state, scroll=max(0, min(scroll, self._furthest)))

    def _hint(self) -> None:
        shown = self.state.hints
        self.state = self.state.with_hint()
        if self._journal is not None and self.state.to_fix is not None and self.state.hints > shown:
            with suppress(OSError):
                self._journal.note_hint(self._job.kata, self.state.to_fix.check.id)


def _noted(
    journal: Journal | None, kata: Kata, *, report: Report, shown: str | None
) -> tuple[Mapping[str, int], Compared | None]:
    """Keep the score, and what a terminal shows, if it is one.

    Returns how many hints of each check were asked for so far, and how the report compares with what was seen before.
    """
    if journal is not None:
        with suppress(OSError):
            before = journal.note(kata, report, shown=shown)
            return before.hints, before.recall.compared(report, shown) if shown is not None else None
    return {}, None
