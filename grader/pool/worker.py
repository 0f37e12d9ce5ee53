"""A grade in a process of its own, for whoever has other things to do meanwhile; what it tells comes through a pipe."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from grader import interrupt
from grader.errors import BadKata, Inconclusive, UsageError
from grader.grading.run import Job, grade
from grader.model import Report
from grader.serving.processes import Process, Surroundings


@dataclass(frozen=True, slots=True)
class Progress:
    """So many checks of so many are done."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """There is no report, and why: nothing that the app can do leads here."""

    message: str


News = Progress | Report | Trouble


class Worker:
    """Grades one app beside this process. One grade a process: no module of one specification meets another's."""

    def __init__(self, job: Job) -> None:
        self._pipe, theirs = Pipe()
        command = [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())]
        self._process = Process(command, Surroundings(descriptors=(theirs.fileno(),)))
        theirs.close()
        with suppress(OSError):  # it has ended already: there will be no report
            self._pipe.send(job)

    def fileno(self) -> int:
        """What becomes readable when there is news."""
        return self._pipe.fileno()

    def receive(self) -> News:
        """The next news; waits for it. After a Report or a Trouble there is no more."""
        try:
            news = self._pipe.recv()
        except (EOFError, OSError):
            return Trouble("the grader's process has ended without a report")
        assert isinstance(news, Progress | Report | Trouble)
        return news

    def stop(self) -> None:
        """End the grade, if it is still going on, and all processes of it."""
        if self._pipe.closed:
            return
        self._process.end()
        self._pipe.close()


#: The package is found by its place: the working directory is the learner's, and may hold modules of any name.
_PROGRAM = f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r}); " + (
    "from grader.pool import worker; worker.work(int(sys.argv[1]))"
)


def work(fd: int) -> None:
    """What the process does: take a job from the pipe, grade, and tell."""
    interrupt.end_on_signals()
    pipe = Connection(fd)
    job = pipe.recv()
    assert isinstance(job, Job)
    threading.Thread(target=_end_with, args=(fd,), name="lifeline", daemon=True).start()
    with suppress(BrokenPipeError):
        try:
            pipe.send(grade(job, lambda done, total: pipe.send(Progress(done, total))))
        except (BadKata, UsageError, Inconclusive) as error:
            pipe.send(Trouble(str(error)))
        except BrokenPipeError:
            raise
        except Exception as error:
            pipe.send(Trouble(f"the grader itself broke ({type(error).__name__}: {error})"))


def _end_with(fd: int) -> None:
    """End this process, its app first, once nobody is at the other end of the pipe: after the job, nothing comes."""
    select.select([fd], [], [])
    os.kill(os.getpid(), signal.SIGTERM)
