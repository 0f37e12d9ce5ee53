"""The test rig of one grade: the app between the two ends, replaced by a fresh one when a check has broken it."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from grader.errors import BootFailed, Inconclusive, Violation
from grader.grading.deadline import Deadline, Spent
from grader.serving.app import App
from grader.serving.launch import Launch, boot
from grader.text import plural

if TYPE_CHECKING:
    from grader.probe.gate import UpstreamServer
    from grader.probe.session import Session
    from grader.probe.waiting import Waiter
    from grader.serving.warm import ForkClient  # a cold grade needs none of it

#: Seconds of a start that do not count: with FastAPI it takes a half.
_A_START: Final = 2.0
#: Seconds of an app's starts after checks that it has failed, in all: a quarter of the time limit of a grade.
_MOST_STARTING: Final = 30.0


class Rig:
    """Made before anything heavy is imported: the app boots while the rest of the grader loads.

    With ``forks`` the app starts warm.
    """

    def __init__(self, launch: Launch, *, seed: str = "", forks: ForkClient | None = None) -> None:
        # 64 bits: an app that knows the texts of one check finds 32 by trying, within a minute, and so all other texts.
        self.seed = seed or os.urandom(8).hex()
        self._launch = launch
        self._forks = forks
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address: tuple[str, int] = self._listener.getsockname()
        self._server: UpstreamServer | None = None
        self._waiter: Waiter | None = None
        self._logs: list[str] = []
        self._ran_out_of_memory = False
        self._spent = Spent(launch.limits.total, lambda: self.app)
        self._starting = 0.0  # seconds of starts beyond what one takes
        self.reboots = 0
        self.app: App = boot(launch, self._address, forks)
        self._deadline = Deadline(launch.limits.total, end_app=lambda: self.app.kill(), look=self._spent.count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.app.stop(graceful=False)
        finally:
            if self._server is not None:
                self._server.close()
            self._listener.close()
            self._deadline.cancel()

    def wait_until_ready(self) -> None:
        """Return when the app has started. Raises BootFailed, and Inconclusive where that is not the app's fault."""
        self._attach()
        try:
            self.app.wait_until_ready()
        except (BootFailed, Inconclusive):
            self._must_have_time()
            raise

    def session(self, check: str, schemas: Path, *, title: str = "") -> Session:
        """The session of one check, with both ends; ``title`` is for reports.

        Its draw depends only on the seed and the check's id.
        """
        # Late, here and below: the probes import the model and more, and the app boots meanwhile.
        from grader.probe.draw import Draw
        from grader.probe.session import Session

        server, waiter = self._attach()
        draw = Draw(f"{self.seed}:{check}")
        found = Session(app=self.app, server=server, waiter=waiter, schemas=schemas, draw=draw, title=title)
        found.restarted = self._restarted
        return found

    def recover(self, *, is_apps_fault: bool = False) -> None:
        """After a check that did not pass: when the app no longer responds, boot a fresh one. Raises BootFailed.

        ``is_apps_fault``: the check has failed. Starts that this, or an end of its own, makes necessary are bounded:
        with slow ones the time limit would be over before the checks are, which costs no points.
        """
        from grader.probe.waiting import Waited  # late, as above

        self._must_have_time()
        _, waiter = self._attach()
        if self.app.is_running and waiter.iterate(1) is Waited.SILENT:
            return
        is_apps_fault, began = is_apps_fault or not self.app.is_running, time.monotonic()
        self._replace_app(graceful=False)
        self.reboots += 1
        self.wait_until_ready()
        if is_apps_fault:
            own = time.monotonic() - began - self.app.held_up_seconds()
            self._starting += max(0.0, own - _A_START)
        if self._starting > _MOST_STARTING:
            times = plural(self.reboots, "time")
            raise BootFailed.because(f"it had to be started again {times}, which took {_MOST_STARTING:g} s and more")

    @property
    def is_overtime(self) -> bool:
        """Whether the time limit of the whole grade is over, and the app was ended for that."""
        return self._deadline.is_over

    @property
    def overtime(self) -> Inconclusive | Violation | None:
        """Why a check has no verdict of its own once the time of the grade is over; None before."""
        return self._spent.overtime() if self.is_overtime else None

    def machine_fault(self) -> str:
        """A fault of this machine that harms the app, or "". Takes up to 50 ms."""
        return self.app.machine_fault

    def _restarted(self) -> tuple[App, Waiter]:
        """The app, started again for a check that asks for that. Raises BootFailed."""
        self._must_have_time()
        self._replace_app(graceful=True)
        self.wait_until_ready()
        return self.app, self._attach()[1]

    def _replace_app(self, *, graceful: bool) -> None:
        self._spent.count()
        self.app.stop(graceful=graceful)
        self._logs.append(self.app.log)
        self._ran_out_of_memory |= self.app.ran_out_of_memory
        self._waiter = None
        self.app = boot(self._launch, self._address, self._forks)

    def _must_have_time(self) -> None:
        match self.overtime:
            case Inconclusive() as error:
                raise error
            case Violation() as error:
                raise BootFailed.because(error.sentence)

    def finish(self) -> tuple[str, ...]:
        """End the app gracefully; returns the problems of its shutdown."""
        return self.app.stop(graceful=True)

    def log(self) -> str:
        """The output of the app, of all its boots."""
        return "\n".join(text for text in (*self._logs, self.app.log) if text)

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether a request to one of the boots ended with a MemoryError."""
        return self._ran_out_of_memory or self.app.ran_out_of_memory

    def _attach(self) -> tuple[UpstreamServer, Waiter]:
        """The upstream's server and the waiter with the present app; both need what is imported late."""
        from grader.probe.gate import UpstreamServer  # late, as above
        from grader.probe.waiting import Waiter

        if self._server is None:
            self._server = UpstreamServer(self._listener)
        if self._waiter is None:
            if (inner := self.app.upstream_listener()) is not None:
                self._server.listen(inner)
            self._waiter = Waiter(self.app, upstream_iteration=self._server.call, overtime=lambda: self.is_overtime)
        return self._server, self._waiter
