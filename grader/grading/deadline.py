"""The time limit of a whole grade, kept by a thread of its own, so that nothing in the grade can hold it up."""

from __future__ import annotations

import threading
from collections.abc import Callable

from grader import interrupt
from grader.exits import Exit

#: Seconds for the grade to end by itself once its app is gone: every wait of the grader is for the app, or is shorter.
GRACE = 10.0


class Deadline:
    """Calls ``end_app`` when ``seconds`` are over, unless it was cancelled before.

    Whatever waits for the app then goes on without it. If the grade still lasts for another ``grace`` seconds,
    this process ends with exit code 3: it waits for something that will not come, such as the end of a process
    that the system cannot kill.
    """

    def __init__(self, seconds: float, *, end_app: Callable[[], None], grace: float = GRACE) -> None:
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
        self._over.set()
        self._end_app()
        if not self._cancelled.wait(self._grace):
            interrupt.give_up(f"the time limit of {self._seconds:g} seconds is over", code=Exit.UNDECIDED)
