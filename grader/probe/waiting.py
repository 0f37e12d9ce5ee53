"""Waits for something that may never come: counts event-loop iterations, and not only seconds.

A wait ends without success only when a short time has passed *and* the app's server has responded to a number of
control requests meanwhile. On a slow machine the control requests are slow as well, so timeouts stretch there; on a
fast machine a wrong app still fails quickly.

After each control request the upstream end runs one iteration of its own, and so handles all pulls that have arrived by
then. An app never fails because the grader's upstream end was late.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Self

from grader.errors import OVERTIME, Inconclusive
from grader.probe.pacing import Pacing
from grader.probe.watch import Control, Ready, Watch
from grader.serving.app import Served
from grader.serving.threads import Snapshot

#: The hint for a blocked event loop, whatever the check is about.
UNBLOCK = "While that line waits, nothing else runs: await something instead, or call what blocks in a thread."
#: Processor seconds for which threads of an app may compute before it is silent. On a busy machine they take long: the
#: thread of the event loop, which mostly sleeps, is served first.
_WORK_OF_THREADS = 1.0


class Waited(Enum):
    """The result of a wait."""

    CAME = "came"
    SILENT = "silent"  # the event loop iterated, and nothing came
    BLOCKED = "blocked"  # the event loop does not iterate
    GONE = "gone"  # the process has ended


@dataclass(frozen=True, slots=True)
class Timeouts:
    """When a wait ends without success. Seconds, event-loop iterations, liveness ticks: all of a group are needed.

    A wrong app shall fail within about half a second, and a right one never, however busy the machine is: `make audit`
    takes every verdict 25 times beside four busy processes, and finds numbers that are too small.
    """

    #: Seconds before the first control request. A right app responds within a few milliseconds, so it sees none.
    before_control: float = 0.01
    #: The app is silent. Seconds alone mean nothing on a slow machine, iterations alone pass in 10 ms on a fast one.
    silent_seconds: float = 0.5
    silent_iterations: int = 20
    #: Progress restarts the timeout, but a wait takes no longer than this: an endless trickle has to end. In 20 seconds
    #: of an idle machine the loop iterates more often than that.
    longest: float = 20.0
    longest_iterations: int = 800
    #: Processor seconds of the app's worker processes that restart the timeout, too: starting one that imports FastAPI
    #: takes 0.7 seconds, in which the app's own event loop is idle.
    work: float = 0.02
    #: The event loop is blocked: one control request is unanswered for as long, while the process was given time.
    blocked_seconds: float = 1.0
    blocked_ticks: int = 15
    #: Looks at that control request. An app that floods its client keeps the grader busy reading: then a second has few
    #: looks in it, and says little about the app.
    blocked_looks: int = 30
    #: Without any tick (a call that holds the interpreter's lock stops the ticks, too) only a long time is proof.
    blocked_seconds_without_ticks: float = 10.0
    #: Nothing happens: for claims such as "the app pulls no more". More iterations than for a wait, and less time: a
    #: right app passes here, so each second is spent in every grade.
    quiet_seconds: float = 0.03
    quiet_iterations: int = 40


@dataclass(frozen=True, slots=True)
class Awaited:
    """The goal of a wait. ``progress`` grows while parts of it arrive; each growth restarts the timeout.

    It is not late before ``due`` seconds of silence.

    ``ready(timeout)`` looks for at most ``timeout`` seconds whether it has come, and returns that.
    """

    ready: Ready
    progress: Callable[[], int] = lambda: 0
    due: float = 0.0


class Waiter:
    """Waits on behalf of one grade.

    ``upstream_iteration`` runs one iteration of the upstream end, ``overtime`` says whether the time of the whole grade
    is over: then, and on a starved machine, every method that waits raises Inconclusive. until() also raises TooLate.
    """

    SLICE = 0.01  # seconds between two looks at the app

    def __init__(
        self,
        app: Served,
        *,
        upstream_iteration: Callable[[], None],
        overtime: Callable[[], bool],
        timeouts: Timeouts | None = None,
    ) -> None:
        self._app = app
        self._upstream_iteration = upstream_iteration
        self._overtime = overtime
        self._pacing = Pacing()
        self.timeouts = timeouts or Timeouts()

    def watching(self, pacing: Pacing) -> Self:
        """A waiter that notes in ``pacing`` where the app rests, and where its event loop is blocked."""
        found = copy.copy(self)
        found._pacing = pacing
        return found

    def until(self, awaited: Awaited) -> Waited:
        """Wait for ``awaited``; SILENT when it has not come after ``silent_seconds`` and ``silent_iterations``."""
        self._pacing.must_be_in_time()
        watch = self._watch()
        is_here = watch.ready(awaited.ready, self.timeouts.before_control)
        waited = Waited.CAME if is_here else self._go_on(awaited, watch)
        if waited is Waited.CAME:
            watch.came()
        return waited

    def _go_on(self, awaited: Awaited, watch: Watch) -> Waited:
        timeouts = self.timeouts
        first = began = time.monotonic()
        total, iterations, progress, work = 0, 0, awaited.progress(), self._app.worker_seconds()
        threads = self._app.snapshot()
        while True:
            if (waited := self._iterate_once(awaited, watch)) is not Waited.SILENT:
                return waited
            total, iterations = total + 1, iterations + 1
            watch.answered()
            now = time.monotonic()
            is_long = now - first >= timeouts.longest and total >= timeouts.longest_iterations
            if progress != awaited.progress() and not is_long:
                began, iterations, progress = now, 0, awaited.progress()
            if iterations >= timeouts.silent_iterations and now - began >= timeouts.silent_seconds + awaited.due:
                if awaited.ready(0):
                    return Waited.CAME
                if is_long:
                    return Waited.SILENT
                if (worked := self._app.worker_seconds()) - work >= timeouts.work:
                    began, iterations, work = now, 0, worked
                elif progress == awaited.progress() and not _is_busy(threads, self._app.snapshot(), now - began):
                    return Waited.SILENT
            # Half of the time is spent between control requests, so that 20 of them are spread over half a second
            # rather than sent in one burst.
            if watch.ready(awaited.ready, timeouts.silent_seconds / timeouts.silent_iterations / 2):
                return Waited.CAME

    def stays_quiet(self, happened: Ready, *, until: float = 0.0) -> Waited:
        """SILENT when nothing has happened after ``quiet_iterations``; CAME as soon as something does.

        With ``until``, a time of the monotonic clock, they begin then.
        """
        awaited = Awaited(happened)
        while (left := until - time.monotonic()) > 0:
            if happened(min(left, self.timeouts.quiet_seconds)):
                return Waited.CAME
            self._check_time_limit()
        began, iterations = time.monotonic(), 0
        while iterations < self.timeouts.quiet_iterations or time.monotonic() - began < self.timeouts.quiet_seconds:
            if (waited := self._iterate_once(awaited)) is not Waited.SILENT:
                return waited
            iterations += 1
        return Waited.CAME if happened(0) else Waited.SILENT

    def iterate(self, count: int) -> Waited:
        """Wait for ``count`` iterations of the app's event loop: what was on its way to the app has then arrived."""
        for _ in range(count):
            if (waited := self._iterate_once(Awaited(never))) is not Waited.SILENT:
                return waited
        return Waited.SILENT

    def _iterate_once(self, awaited: Awaited, watch: Watch | None = None) -> Waited:
        """One control request, then an iteration of the upstream end. Any answer counts, and any close or reset."""
        try:
            control = self._app.ask()
        except OSError:
            return self._gone(awaited)
        with control:
            watched = (watch or self._watch()).control(control)
            waited = self._until_answered(watched, awaited)
        if waited is not Waited.GONE:
            watched.end()
        if waited is Waited.SILENT:
            self._upstream_iteration()
            self._check_time_limit()
        return waited

    def _watch(self) -> Watch:
        return Watch(self._app, self._pacing, self._upstream_iteration)

    def _until_answered(self, control: Control, awaited: Awaited) -> Waited:
        first = began = time.monotonic()
        ticks, slices, progress = self._app.ticks, 0, awaited.progress()
        while not control.is_answered(self.SLICE):
            slices += 1
            if awaited.ready(0):
                return Waited.CAME
            if not self._app.is_running:
                return self._gone(awaited)
            now = time.monotonic()
            # The loop is busy with what is awaited, so it is not blocked; but a thread of the app can send without it.
            if now - first < self.timeouts.longest and progress != awaited.progress():
                began, ticks, slices, progress = now, self._app.ticks, 0, awaited.progress()
            elapsed, given = now - began, self._app.ticks - ticks
            fit = (elapsed - control.looked_for) / self.SLICE  # many processes make looks at them long
            if _is_blocked(self.timeouts, control, elapsed=elapsed, ticks=given, slices=slices, fit=fit):
                return Waited.BLOCKED
            self._check_time_limit()
        return Waited.CAME if awaited.ready(0) else Waited.SILENT

    def _gone(self, awaited: Awaited) -> Waited:
        """The process has ended; what it sent before that may still be on its way."""
        return Waited.CAME if awaited.ready(self.timeouts.before_control) else Waited.GONE

    def _check_time_limit(self) -> None:
        if self._overtime():
            raise Inconclusive(OVERTIME)


def never(timeout: float) -> bool:
    """For :class:`Awaited`: what is awaited does not come, so the whole wait is spent."""
    if timeout > 0:
        time.sleep(timeout)  # to return at once would make a wait for a time a loop that computes
    return False


def _is_busy(earlier: Snapshot, now: Snapshot, seconds: float) -> bool:
    """Whether threads of the app compute, or would if the machine gave them time, and have not done so for long."""
    return now.busy - earlier.busy > seconds / 2 and now.worked - earlier.worked < _WORK_OF_THREADS


def _is_blocked(limits: Timeouts, control: Control, *, elapsed: float, ticks: int, slices: int, fit: float) -> bool:
    """Whether a control request has been unanswered for so long that the event loop must be blocked.

    Ticks show that the process was given time; so do threads that have run for long without any, as one holds the
    interpreter's lock. Else the grader's own slices show that the machine was not starved: a quarter of those
    that ``fit`` into the time is enough, because a busy machine stretches them.
    """
    was_given_time = ticks >= limits.blocked_ticks or (ticks == 0 and control.is_held())
    enough = was_given_time and slices >= limits.blocked_looks and elapsed >= limits.blocked_seconds
    if enough and control.has_stopped():
        return True
    if elapsed < limits.blocked_seconds_without_ticks:
        return False
    if slices < fit / 4:
        raise Inconclusive("the machine gave neither the grader nor the app enough time")
    return True
