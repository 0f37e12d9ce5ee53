"""Runs `grade` for tests in processes that begin with everything imported, as do its apps: less than half of the work.

The tests of the command line itself start it cold, as people do. `tests/katas/test_warm_and_cold.py` and
`tests/pool/test_warm_and_cold.py` prove that warm grades have the same verdicts.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from grader.serving import forkserver
from grader.serving.processes import Surroundings
from grader.serving.warm import ForkClient, ForkServer

#: Seconds for a keeper to end after it has passed on how its process ended.
_TIME_TO_END = 10.0


class WarmCommands:
    """Runs `grade`, one command at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        around = Surroundings(environment=environment)
        self._commands = ForkServer("tests.warm:main", around)
        self._apps = ForkServer("grader.serving.child.preload:main", around)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._commands.close()
        self._apps.close()

    def run(
        self, args: Sequence[str], folder: Path, environment: Mapping[str, str], *, seconds: float
    ) -> tuple[int, str, str]:
        """The exit code, standard output and standard error of a command, which must end in so many seconds."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, self._apps.client.another() as forks:
            given = (out.fileno(), err.fileno(), forks.fileno())
            around = Surroundings(folder=folder, environment=environment, descriptors=given)
            process = self._commands.client.fork(json.dumps(args), around, is_tree=True)
            try:
                code = process.wait_for(seconds)
            finally:
                process.end()
            assert code is not None, f"grade {' '.join(args)} did not end in {seconds} seconds"
            return code, _text(out.fileno()), _text(err.fileno())

    def living(self) -> list[str]:
        """What has come of all commands and apps, and does not end."""
        servers = [psutil.Process(server._process.pid) for server in (self._commands, self._apps)]
        found = [process for server in servers for process in server.children(recursive=True)]
        _, left = psutil.wait_procs(found, timeout=_TIME_TO_END)
        return [repr(process) for process in left if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, encoding="utf-8", closefd=False) as file:
        return file.read()


def main(control: int) -> None:
    """The main function of the fork server for commands."""
    import grader.cli.run  # here: tests import this module, too
    import grader.pool.preload
    import grader.report.json
    import grader.report.terminal

    assert grader.cli.run
    assert grader.pool.preload
    assert grader.report.json
    assert grader.report.terminal
    forkserver.serve(control, _run)


def _run(argument: str, descriptors: list[int]) -> None:
    import stream_katas
    from grader.cli import run as command
    from grader.grading.run import grade

    out, err, forks = descriptors
    for ours, standard in ((out, 1), (err, 2)):
        os.dup2(ours, standard)
        os.close(ours)
    command.grade = partial(grade, forks=ForkClient(socket.socket(fileno=forks)))  # type: ignore[attr-defined]
    sys.argv = ["grade", *json.loads(argument)]
    stream_katas.command()
