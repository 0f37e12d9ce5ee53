"""An app that is served by a child process of the grader's."""

from __future__ import annotations

import os
import socket
from types import TracebackType
from typing import TYPE_CHECKING, Self

from grader.errors import BootFailed, Inconclusive
from grader.serving import connections, threads, usage
from grader.serving.account import Account
from grader.serving.guard import Guard
from grader.serving.jail.cell import Cell
from grader.serving.jail.plan import Tier
from grader.serving.limits import LaunchLimits
from grader.serving.log import Log
from grader.serving.observed import Observed
from grader.serving.pipes import Pipes
from grader.serving.processes import Tree, in_words
from grader.serving.reader import Reader
from grader.serving.status import AppStatus, Timeout
from grader.serving.witness import Witness
from grader.wire import Order

if TYPE_CHECKING:
    from grader.model import Place

#: How long a lifespan's shutdown may take: seconds, and ticks, of which 20 come in a second on an idle machine.
_SHUTDOWN, _SHUTDOWN_TICKS = 1.0, 15
#: Ticks for each second of start-up: a quarter of what comes on an idle machine.
_STARTUP_TICKS = 5
_LOOK = 0.05  # seconds between two looks at whether a process has ended
_STOPPING = 5.0  # seconds for a server to stop that has closed its listener: it may have requests to finish
_ENDING = 0.1  # seconds for a process to end whose sockets the kernel has just closed: the exit follows them
_LAST_LINES = 1.0  # seconds until the last lines of an ended process have been read
_STAY = "The process that the server started must stay: it alone has the server's sockets, and not what it forks."
_HIDING = " (PYTHONPATH is set: a module there may take the place of one that the server needs)"
_LEFT = "A process of the app is left: the system could not end it."


class ChildApp(Observed):
    """The port :class:`grader.serving.app.App`, by way of a child process."""

    def __init__(
        self, process: Tree, pipes: Pipes, *, cell: Cell, limits: LaunchLimits, upstream: tuple[str, int]
    ) -> None:
        super().__init__(process, os.fstat(pipes.output))
        self._cell = cell
        self._lifeline = pipes.lifeline
        self._status = AppStatus(Witness(upstream, process.members))
        self._log = Log()
        self.account = Account(self._status, self._log)
        self._limits = limits
        self._startup = _startup(self._status, process, limits.startup)
        self._reader = Reader({pipes.status: self._status.feed, pipes.output: self._log.write})
        self._guard = Guard(process, limits.memory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop(graceful=False)

    # -- what probes know of it -------------------------------------------------------------------------------

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket:
        return self._cell.connect(receive_buffer)

    def ask(self) -> socket.socket:
        return connections.ask(self.connect())

    def waiting(self) -> int:
        return self._cell.door.waiting()

    @property
    def ticks(self) -> int:
        return self._status.ticks

    def blocked_at(self) -> Place | None:
        return self._status.blocked_at()

    def ask_where(self) -> None:
        self._lifeline.order(Order.SAY_WHERE)

    def exit_reason(self, *, refuses: bool = False) -> str:
        code = self._process.wait_for(_STOPPING if refuses else _ENDING)
        return "" if code is None else f"the app's process {self._how_it_ended(code)}"

    def collect_garbage(self) -> None:
        self._lifeline.order(Order.COLLECT_GARBAGE)

    # -- what the rig knows of it -----------------------------------------------------------------------------

    def upstream_listener(self) -> socket.socket | None:
        return self._cell.door.upstream_listener()

    @property
    def jail(self) -> Tier:
        """See :attr:`App.jail <grader.serving.app.App.jail>`."""
        return Tier.NONE if self._status.is_unjailed else self._cell.jail.tier

    @property
    def log(self) -> str:
        return self._log.text()

    @property
    def machine_fault(self) -> str:
        return self._status.machine_fault()

    @property
    def longest_blockage(self) -> Place | None:
        return self._status.longest_blockage

    @property
    def ran_out_of_memory(self) -> bool:
        return self._status.is_out_of_memory

    def wait_until_ready(self) -> None:
        """The start-up limit counts ticks beside the seconds, so on a slow machine it stretches."""
        status = self._status
        with status.news:
            while not status.is_ready:
                if (code := self._process.poll()) is not None:
                    status.news.wait_for(lambda: status.is_decided, timeout=_LAST_LINES)
                    if status.is_ready:
                        return  # it has ended after its start, which is for the checks to find
                    raise self._ended_at_startup(code)
                if status.failure is not None:
                    raise BootFailed(status.failure)
                if self._startup.is_over:
                    raise _too_slow(status, self._limits.startup)
                status.news.wait(_LOOK)

    def kill(self) -> None:
        self._process.kill()

    def stop(self, *, graceful: bool = True) -> tuple[str, ...]:
        notes: tuple[str, ...] = ()
        try:
            if graceful and self._status.is_ready and self.is_running:
                notes = self._shut_down()
        finally:
            has_ended = self._process.end()
            self._guard.stop()
            self._lifeline.close()
            self._reader.finish()
            self._cell.close()
        return notes if has_ended else (*notes, _LEFT)

    # -- inside -----------------------------------------------------------------------------------------------

    def _ended_at_startup(self, code: int) -> BootFailed | Inconclusive:
        if self._status.failure is not None:
            return BootFailed(self._status.failure)
        if self._status.has_begun:
            place = self._status.last_place
            frames = (place,) if place and self._guard.reason else ()
            advice = _STAY if code >= 0 else ""
            return BootFailed.because(f"the app's process {self._how_it_ended(code)} at start-up", advice, frames)
        self._reader.finish()  # the status pipe may have ended before the output was read
        last = self.log.strip().rpartition("\n")[2]
        return Inconclusive(
            f"the app's process {in_words(code)} before it came to your code: {last or 'it printed nothing'}"
            + (_HIDING if os.environ.get("PYTHONPATH") else "")
        )

    def _how_it_ended(self, code: int) -> str:
        return self._guard.reason or in_words(code)

    def _shut_down(self) -> tuple[str, ...]:
        self._lifeline.order(Order.SHUT_DOWN)
        status, code = self._status, None
        timeout = Timeout(status, seconds=_SHUTDOWN, ticks=_SHUTDOWN_TICKS)
        with status.news:
            while status.stopped is None and not timeout.is_over:
                if (code := self._process.poll()) is not None:
                    status.news.wait_for(lambda: status.stopped or status.is_closed, timeout=_LAST_LINES)
                    break
                status.news.wait(_LOOK)
        if status.stopped is not None:
            error = status.stopped.error
            return (f"The app's lifespan failed at shutdown: {error}",) if error else ()
        if code is None:
            return ("The app's lifespan shutdown did not end within a second.",)
        return (f"The app's process {self._how_it_ended(code)} in its lifespan's shutdown.",)


def _startup(status: AppStatus, process: Tree, seconds: float) -> Timeout:
    return Timeout(
        status,
        seconds=seconds,
        ticks=_STARTUP_TICKS * seconds,
        held_up=lambda: threads.held_up_seconds(process.pid),
        used=lambda: usage.own_seconds(process.pid),
    )


def _too_slow(status: AppStatus, seconds: float) -> BootFailed | Inconclusive:
    limit = f"{seconds:g} seconds"
    if not status.has_begun:
        return Inconclusive(f"the app's process did not come to your code within {limit}")
    place = status.last_place
    doing = "its lifespan start-up has not ended" if status.is_imported else "importing the module has not ended"
    return BootFailed.because(
        f"it did not start within {limit}: {doing}",
        "Start-up must end by itself: do long or endless work in a task, or in a request.",
        (place,) if place else (),
    )
