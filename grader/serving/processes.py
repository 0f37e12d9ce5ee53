"""Starts processes, and leaves none behind. Nothing else in the grader starts one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from grader import interrupt
from grader.serving import kernel, usage
from grader.serving.kernel import END_TIMEOUT, GRADERS_TIMEOUT

_MARKER = "STREAM_KATAS_RUN"
_PAUSE = 0.001  # seconds between two looks for what has not ended yet


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment of a new process; its standard input is always empty.

    ``folder`` is its working directory. ``folder`` and ``environment`` are this process's own where they are None.
    ``output`` and ``errors`` are descriptors, or a constant of :mod:`subprocess`. ``descriptors`` are handed down under
    their own numbers.
    """

    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    output: int = subprocess.DEVNULL
    errors: int = subprocess.DEVNULL
    descriptors: tuple[int, ...] = ()


class Tree(Protocol):
    """A process that is not trusted, with all its descendants."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """The exit status, negative for a signal, or None while the process runs."""

    def wait_for(self, seconds: float) -> int | None:
        """Like :meth:`poll`, but gives the process up to ``seconds`` to end."""

    def members(self) -> list[int]:
        """The process and its descendants that still run (Linux)."""

    def kill(self) -> None:
        """SIGKILL to all members. Any thread may call it; :meth:`end` is still to be called."""

    def end(self) -> bool:
        """End all members; returns when they have ended. May be repeated. False: the system could not end one."""


class Process:
    """A process that was started here, and that ends its own children when it gets SIGTERM: a grader.

    A signal that ends this process ends that one first. Raises OSError when it cannot be started.
    """

    _LEADS_GROUP = False

    def __init__(self, command: Sequence[str], surroundings: Surroundings | None = None) -> None:
        around = surroundings or Surroundings()
        with interrupt.postponed():  # between start and registration a signal would leave the process behind
            self._popen = subprocess.Popen(
                command,
                cwd=around.folder,
                env=around.environment,
                stdin=subprocess.DEVNULL,
                stdout=around.output,
                stderr=around.errors,
                start_new_session=self._LEADS_GROUP,
                pass_fds=around.descriptors,
            )
            self._forget = interrupt.on_end(self._interrupted)
        self._is_over = self._has_ended = False
        kernel.set_dumpable(False)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def poll(self) -> int | None:
        """The exit status, negative for a signal, or None while the process runs."""
        return self._popen.poll()

    def wait(self) -> int:
        """The exit status, negative for a signal, once the process has ended."""
        return self._popen.wait()

    def wait_for(self, seconds: float) -> int | None:
        """Like :meth:`poll`, but gives the process up to ``seconds`` to end."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        return self._popen.poll()

    def end(self) -> bool:
        """End the process, unless it has ended, and its descendants; returns when they have ended. May be repeated.

        False when the system could not end one of them within some seconds.
        """
        if not self._is_over:
            has_ended = self._stop()
            if has_ended:
                self._popen.wait()
            self._is_over, self._has_ended = True, self._clean_up() and has_ended
            self._forget()
        return self._has_ended

    def _interrupted(self) -> None:
        """Runs between any two instructions of the main thread, so it takes no lock: not even Popen's."""
        self._stop()
        self._clean_up()

    def _stop(self) -> bool:
        """End the process itself; whether it has ended."""
        if kernel.has_ended(self.pid, 0):
            return True
        _signal(self.pid, signal.SIGTERM)
        if not kernel.has_ended(self.pid, GRADERS_TIMEOUT):
            _signal(self.pid, signal.SIGKILL)
        return kernel.has_ended(self.pid, END_TIMEOUT)

    def _clean_up(self) -> bool:
        """The clean-up once the process has ended: whether nothing of it is left."""
        return True


class ProcessTree(Process):
    """A :class:`Tree`. Its end is SIGKILL, to the process, to its group, and to everything that has left the group.

    To find what has left, this process adopts every orphan below it from now on (Linux), and marks the environment.
    """

    _LEADS_GROUP = True

    def __init__(self, command: Sequence[str], surroundings: Surroundings) -> None:
        self._marker = os.urandom(16).hex()
        self._spare = children()
        inherited = os.environ if surroundings.environment is None else surroundings.environment
        super().__init__(command, replace(surroundings, environment={**inherited, _MARKER: self._marker}))
        kernel.adopt_orphans()

    def members(self) -> list[int]:
        roots = [self.pid, *(pid for pid in usage.children(os.getpid()) if pid not in self._spare)]
        return sorted(set(usage.family(roots)))

    def kill(self) -> None:
        kill_group(self.pid)
        for pid in self.members():
            _signal(pid, signal.SIGKILL)

    def _stop(self) -> bool:
        kill_group(self.pid)
        return kernel.has_ended(self.pid, END_TIMEOUT)

    def _clean_up(self) -> bool:
        return end_strays(marker=self._marker, spare=self._spare)


def in_words(status: int) -> str:
    """An exit status in words, such as "exited with status 1" or "was killed by SIGSEGV"."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:  # one of the real-time signals, most of which have no name
        return f"was killed by signal {-status}"


def kill_group(pid: int) -> None:
    """SIGKILL to the process group that ``pid`` leads; not an error when it has ended already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_strays(*, marker: str, spare: Iterable[int]) -> bool:
    """End what has left the app's process group: adopted orphans, and processes whose environment holds ``marker``.

    ``spare`` are children that this process had before. False when the system could not end one within some seconds.
    """
    if sys.platform == "linux" and not kernel.has_children():
        return True
    kept = set(spare) | {os.getpid()}
    deadline = time.monotonic() + END_TIMEOUT
    while found := [pid for pid in _descendants(marker, kept) if pid not in kept]:
        for pid in found:
            _signal(pid, signal.SIGKILL)
        for pid in found:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def children() -> list[int]:
    """The process ids of this process's children, dead or alive."""
    if sys.platform == "linux" and not kernel.has_children():
        return []
    import psutil  # only when there is something to find: it walks over all processes

    return [child.pid for child in psutil.Process().children()]


def _descendants(marker: str, kept: Iterable[int]) -> list[int]:
    """What came of this process, without what came of ``kept``."""
    if usage.IS_KNOWN and (own := usage.children(os.getpid())):
        # Quickly, so that one that forks all the time, and ends, has not gone before it gets its signal.
        return list(usage.family(set(own) - set(kept)))
    import psutil  # as above

    found = {child.pid for child in psutil.Process().children(recursive=True)}
    if sys.platform != "linux":  # no orphan is adopted there: know them by what they inherited
        found |= {process.pid for process in psutil.process_iter() if _is_marked(process, marker)}
    return sorted(found)


def _is_marked(process: object, marker: str) -> bool:
    import psutil  # as above

    assert isinstance(process, psutil.Process)
    try:
        return marker in process.environ().values()
    except (psutil.Error, OSError):
        return False
