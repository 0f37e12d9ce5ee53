"""The normal forms of submissions, each made in another process: Python needs very long to parse some modules.

It holds up the whole process meanwhile, other threads and signals too, and may even break it. The process is given so
much processor time for each module; when it has used that up the system ends it, and the next module gets a new one.
"""

from __future__ import annotations

import resource
import signal
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from grader.serving.processes import Process, Surroundings
from grader.syntax import normal_form

#: Seconds of processor time for one module; a usual one takes a hundredth.
_SECONDS: Final = 2
#: Bytes of memory, for which Python asks in vain where it needs more.
_MEMORY: Final = 1 << 30
#: The package is found by its path: the working directory may hold modules of any name.
_PROGRAM: Final = f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r}); " + (
    "from grader.classes import forms; forms.work(int(sys.argv[1]))"
)


class NormalForms:
    """Makes normal forms until the ``with`` block ends. The process starts with the first one. For one thread."""

    def __init__(self) -> None:
        self._pipe: Connection | None = None
        self._process: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def form_of(self, source: bytes) -> str:
        """The normal form; "" where there is none, or where Python needs too long to find it."""
        with suppress(EOFError, OSError):
            pipe = self._pipe or self._start()
            pipe.send_bytes(source)
            return pipe.recv_bytes().decode()
        self._stop()
        return ""

    def _start(self) -> Connection:
        """Raises OSError where there can be no further process."""
        self._pipe, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())]
            self._process = Process(command, Surroundings(descriptors=(theirs.fileno(),)))
        return self._pipe

    def _stop(self) -> None:
        if self._pipe:
            self._pipe.close()
        if self._process:
            self._process.end()
        self._pipe = self._process = None


def work(descriptor: int) -> None:
    """The process's main function: one form for each module that comes, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's signals are for the owner, who ends this one
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, _MEMORY)
    with Connection(descriptor) as pipe, suppress(EOFError, OSError):
        while True:
            source = pipe.recv_bytes()
            _limit(resource.RLIMIT_CPU, int(time.process_time()) + 1 + _SECONDS)
            pipe.send_bytes(normal_form(source).encode())


def _limit(which: int, value: int) -> None:
    """Where it is lower already, it stays so."""
    _, most = resource.getrlimit(which)
    with suppress(ValueError, OSError):
        resource.setrlimit(which, (value if most == resource.RLIM_INFINITY else min(value, most), most))
