"""The time limit of a whole grade, kept by a thread of its own, so that nothing in the grade can hold it up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from grader import interrupt
from grader.errors import OVERTIME, Inconclusive, Violation
from grader.exits import Exit
from grader.serving.app import App

#: Seconds for the grade to end by itself once its app is gone: every wait of the grader is for the app, or is shorter.
GRACE = 10.0
#: Processor seconds that an app may use until the time of a grade is over, in any case.
_MOST_USED = 30.0
#: And times those that the grader has used for its checks: a right app uses 1.5 times as many, on a slow one, too.
_MOST_TIMES = 4.0
#: Part of the time of a grade that looks at the app's processes may take: of a right app, a twentieth of the grader's.
_MOST_LOOKING = 0.25


def overtime(used: float, *, own: float, looking: float = 0.0) -> Inconclusive | Violation:
    """Why a check has no verdict of its own when the time is over.

    ``used`` are processor seconds of the app, ``own`` those of the thread that runs the checks, without its looks at
    the app's processes: an app can keep the others busy, and have many processes. One that has kept the processors busy
    itself is at fault: else it could choose the checks that it does not fail. And so is one that has so many processes
    that looks at them have taken the part ``looking`` of the time.
    """
    if looking > _MOST_LOOKING:
        looked = f"the app has so many processes that to look at them took {looking:.0%} of the time"
        return Violation(expected="a verdict in time", seen=looked, sentence=f"no time was left: {looked}")
    if used < max(_MOST_USED, _MOST_TIMES * own):
        return Inconclusive(OVERTIME)
    spent = f"the app has used {used:.0f} s of processor time"
    return Violation(expected="a verdict in time", seen=spent, sentence=f"no time was left, as {spent}")


class Spent:
    """What the ``total`` seconds of a grade were spent on, as far as an app is to be blamed for it.

    Made and asked by the thread that runs the checks. ``app`` returns the present app.
    """

    def __init__(self, total: float, app: Callable[[], App]) -> None:
        self._app = app
        self._total = total or 1.0
        self._began = time.thread_time()
        self.used = 0.0  # processor seconds of the apps
        self.looked = 0.0  # and of this thread, to look at their processes

    def count(self) -> None:
        """Add what the present app has used: nobody can ask when it has ended."""
        self.used += self._app().used_seconds()
        self.looked += self._app().looking_seconds()

    def overtime(self) -> Inconclusive | Violation:
        """Why a check has no verdict of its own when the time is over."""
        own = time.thread_time() - self._began - self.looked
        return overtime(self.used, own=own, looking=self.looked / self._total)


class Deadline:
    """Calls ``look`` and then ``end_app`` when ``seconds`` are over, unless it was cancelled before.

    Whatever waits for the app then goes on without it. If the grade still lasts for another ``grace`` seconds,
    this process ends with exit code 3: it waits for something that will not come, such as the end of a process
    that the system cannot kill.
    """

    def __init__(
        self,
        seconds: float,
        *,
        end_app: Callable[[], None],
        look: Callable[[], None] = lambda: None,
        grace: float = GRACE,
    ) -> None:
        self._look = look
        self._end_app = end_app
        self._grace = grace
        self._seconds = seconds
        self._cancelled = threading.Event()
        self._over = threading.Event()
        threading.Thread(target=self._keep, name="deadline", daemon=True).start()

    @property
    def is_over(self) -> bool:
        """Whether the time is over: what a check has seen since then says nothing of the app."""
        return self._over.is_set()

    def cancel(self) -> None:
        """The grade has ended in time."""
        self._cancelled.set()

    def _keep(self) -> None:
        if self._cancelled.wait(self._seconds):
            return
        self._look()  # first: a check that finds the time over asks what was seen
        self._over.set()
        self._end_app()
        if not self._cancelled.wait(self._grace):
            interrupt.give_up(f"the time limit of {self._seconds:g} seconds is over", code=Exit.UNDECIDED)
