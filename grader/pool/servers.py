"""The fork servers of many grades: started once, each grade then begins with its imports done."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import NamedTuple

from grader.catalog.kata import Kata
from grader.serving.launch import app_environment
from grader.serving.processes import Surroundings
from grader.serving.warm import IS_SUPPORTED, ForkClient, ForkedProcess, ForkServer, socketpair

#: What a fork server for graders is asked for: a grade, or another fork server, for the grades of one kata.
GRADE, KATA = "grade", "kata"


class _FileState(NamedTuple):
    """The state of one file of a specification; a change of the file shows in it."""

    file: Path
    size: int
    changed: int


class _KataServer:
    """A process that has collected the specification of one kata, and forks the kata's grades.

    Raises OSError when it cannot start. It forks nothing where the kata has a fault: a grade of its own tells which.
    """

    def __init__(self, kata: Kata, graders: ForkClient) -> None:
        self.files = _files_of(kata)
        self.has_forked = False
        ours, theirs = socketpair()
        self._client = ForkClient(ours)
        pipe, its_pipe = Pipe()
        try:
            with pipe, theirs, its_pipe:
                around = Surroundings(descriptors=(its_pipe.fileno(), theirs.fileno()))
                self._process = graders.fork(KATA, around, is_tree=False)
                with suppress(OSError):  # it has ended already
                    pipe.send(kata)
        except OSError:
            ours.close()
            raise

    def fork(self, around: Surroundings) -> ForkedProcess:
        """The process of a grade. Raises OSError when this server has ended."""
        process = self._client.fork(GRADE, around, is_tree=False)
        self.has_forked = True
        return process

    def retire(self) -> None:
        """Fork no more. What was forked goes on."""
        self._client.close()

    def end(self) -> None:
        """End this server. No grade of it runs any more."""
        self._client.close()
        self._process.end()


class ForkServers:
    """Forks the processes of grades, and hands them a client of the server that forks their apps.

    There is one server for all apps, one for all graders, and forked from that one another for each kata. One that has
    ended is started again. Any thread may call :meth:`fork_grader`.
    """

    def __init__(self, held: ExitStack) -> None:
        self._held = held
        self._lock = threading.Lock()
        self._katas: dict[Path, _KataServer] = {}
        self._graders = self._start_graders()
        self._apps = self._start_apps()

    def fork_grader(self, kata: Kata, pipe: int) -> ForkedProcess:
        """The process of a grade, which gets its job through ``pipe``. Raises OSError."""
        with self._lock, self._another_for_apps() as forks:
            around = Surroundings(descriptors=(pipe, forks.fileno()))
            for _ in range(2):
                server = self._server_of(kata)
                with suppress(OSError):
                    if server is not None:
                        return server.fork(around)
                if server is None or not server.has_forked:
                    break
                del self._katas[kata.folder]  # it has worked, and then has been ended
            return self._graders.fork(GRADE, around, is_tree=False)

    def _server_of(self, kata: Kata) -> _KataServer | None:
        """The server of the kata with the files that it has now; None where none can be started."""
        found = self._katas.get(kata.folder)
        if found is not None and found.files == _files_of(kata):
            return found
        if found is not None:
            found.retire()
        try:
            server = _KataServer(kata, self._graders)
        except OSError:
            self._graders = self._start_graders()
            return None
        self._held.callback(server.end)
        self._katas[kata.folder] = server
        return server

    def _another_for_apps(self) -> socket.socket:
        try:
            return self._apps.another()
        except OSError:
            self._apps = self._start_apps()
            return self._apps.another()

    def _start_graders(self) -> ForkClient:
        return self._held.enter_context(ForkServer("grader.pool.preload:main")).client

    def _start_apps(self) -> ForkClient:
        around = Surroundings(environment=app_environment())
        return self._held.enter_context(ForkServer("grader.serving.child.preload:main", around)).client


@contextmanager
def fork_servers() -> Iterator[ForkServers | None]:
    """Fork servers while the block runs, or None where there are none on this platform and grades are started cold.

    They start in the background: the first grade waits until their imports are done.
    """
    if not IS_SUPPORTED:
        yield None
        return
    with ExitStack() as held:
        yield ForkServers(held)


def _files_of(kata: Kata) -> list[_FileState]:
    """Those that a collected specification comes from, as they are now."""
    files = [kata.folder / "kata.toml", *kata.specification.rglob("*"), *kata.schemas.rglob("*")]
    found = []
    for file in sorted(files):
        with suppress(OSError):
            state = file.stat()
            if stat.S_ISREG(state.st_mode) and file.suffix != ".pyc":
                found.append(_FileState(file, state.st_size, state.st_mtime_ns))
    return found
