"""One grade in a process of its own. Its messages come through a pipe.

A grade needs its own process: pytest imports the specification into it, signals end it, and orphans of the app become
its children. This module is the only one that starts such a process.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from grader import interrupt
from grader.errors import BadKata, Inconclusive, UsageError
from grader.grading.run import Job, grade
from grader.model import Report
from grader.pool.news import News, Progress, Result, Trouble
from grader.pool.servers import ForkServers
from grader.serving.processes import Process, Surroundings
from grader.serving.warm import ForkClient, ForkedProcess

if TYPE_CHECKING:
    from grader.grading.prepared import Prepared  # a cold grade needs none of it

#: The package is found by its path: the working directory is the learner's, and may hold modules of any name.
_PROGRAM = f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r}); " + (
    "from grader.pool import worker; worker.work(int(sys.argv[1]))"
)


class Worker:
    """Grades one app beside this process; with ``servers`` it starts warm. Raises OSError when it cannot start."""

    def __init__(self, job: Job, servers: ForkServers | None = None) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = _start(theirs.fileno(), job, servers)
        with suppress(OSError):  # it has ended already: there will be no report
            self._pipe.send(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def fileno(self) -> int:
        """A descriptor that becomes readable when there is news."""
        return self._pipe.fileno()

    def receive(self) -> News:
        """Wait for the next news. A Report or a Trouble is the last."""
        try:
            news = self._pipe.recv()
        except (EOFError, OSError):
            return Trouble("the grader's process ended without a report")
        assert isinstance(news, Progress | Report | Trouble)
        return news

    def result(self) -> Result:
        """Wait for the end of the grade."""
        while isinstance(news := self.receive(), Progress):
            pass
        return news

    def cancel(self) -> None:
        """End the grade, from any thread: one that waits for news receives a Trouble."""
        self._process.end()

    def stop(self) -> None:
        """End the grade, if it is still running, and all its processes."""
        if self._pipe.closed:
            return
        self._process.end()
        self._pipe.close()


def _start(fd: int, job: Job, servers: ForkServers | None) -> Process | ForkedProcess:
    if servers is None:
        return Process([sys.executable, "-P", "-c", _PROGRAM, str(fd)], Surroundings(descriptors=(fd,)))
    return servers.fork_grader(job.kata, fd)


def work(fd: int, forks: int | None = None, *, prepared: Prepared | None = None) -> None:
    """The process's main function: take a job from the pipe, grade, and report.

    ``forks`` is the control socket of a fork server for apps; ``prepared`` is the specification of the job's kata.
    """
    interrupt.end_on_signals()
    pipe = Connection(fd)
    job = pipe.recv()
    assert isinstance(job, Job)
    threading.Thread(target=_end_with, args=(fd,), name="lifeline", daemon=True).start()
    with suppress(BrokenPipeError):
        try:
            client = None if forks is None else ForkClient(socket.socket(fileno=forks))
            tell = lambda done, total, found: pipe.send(Progress(done, total, found))  # noqa: E731
            pipe.send(grade(job, tell, forks=client, prepared=prepared))
        except (BadKata, UsageError, Inconclusive) as error:
            pipe.send(Trouble(str(error)))
        except BrokenPipeError:
            raise
        except Exception as error:
            pipe.send(Trouble(f"the grader itself broke ({type(error).__name__}: {error})"))


def _end_with(fd: int) -> None:
    """End this process, its app first, once the other end of the pipe is closed: nothing is sent after the job."""
    select.select([fd], [], [])
    os.kill(os.getpid(), signal.SIGTERM)
