"""Starts processes warm: a fork server forks them, with everything imported. Linux only; see :mod:`forkserver`."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from grader import interrupt
from grader.serving import kernel, usage
from grader.serving.forks import PIDS_SIZE, STATUS_SIZE, ForkMessage, NewProcess, Pids, read_status
from grader.serving.processes import Process, Surroundings

#: Elsewhere processes start cold.
IS_SUPPORTED = sys.platform == "linux"
_LIBRARY = Path(__file__).resolve().parents[2]


class ForkServer:
    """A fork server of this process, and a client of it.

    ``main`` is "package.module:function"; the function is called with the descriptor of the control socket, imports
    what the processes need, and calls :func:`forkserver.serve`.
    """

    def __init__(self, main: str, surroundings: Surroundings | None = None) -> None:
        ours, theirs = socketpair()
        with theirs:
            module, _, function = main.partition(":")
            program = f"import sys; sys.path.insert(0, {str(_LIBRARY)!r}); import {module} as main; main.{function}"
            # -u: what an app prints must be in the pipe when SIGKILL comes. With -I, which ignores the
            # environment, PYTHONUNBUFFERED would do nothing.
            command = [sys.executable, "-P", "-u", "-c", f"{program}({theirs.fileno()})"]
            around = surroundings or Surroundings()
            self._process = Process(command, replace(around, descriptors=(theirs.fileno(),)))
        self.client = ForkClient(ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server. Its processes are not ended: each one has an owner."""
        self.client.close()
        self._process.end()


class ForkClient:
    """One end of a control socket: asks for processes."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def close(self) -> None:
        self._control.close()

    def another(self) -> socket.socket:
        """The control socket of another client, to be handed to another process. Raises OSError."""
        theirs, servers = socketpair()
        try:
            with servers:
                socket.send_fds(self._control, [ForkMessage.CLIENT.value], [servers.fileno()])
        except OSError:
            theirs.close()
            raise
        return theirs

    def fork(self, argument: str, surroundings: Surroundings, *, is_tree: bool) -> ForkedProcess:
        """A new process. Raises OSError when the server has ended, or cannot fork."""
        return ForkedProcess(self._control, argument, surroundings, is_tree=is_tree)


class ForkedProcess:
    """A process that a fork server has forked; its keeper is at the other end of the link.

    It has the methods of :class:`processes.Process` and of :class:`processes.Tree`.
    """

    def __init__(self, control: socket.socket, argument: str, surroundings: Surroundings, *, is_tree: bool) -> None:
        kernel.set_dumpable(False)
        self._link, keepers = socket.socketpair()
        self._is_over = self._has_ended = False
        self._status: int | None = None
        self._keeper = 0
        self._timeout = 2 * kernel.END_TIMEOUT if is_tree else kernel.GRADERS_TIMEOUT + kernel.END_TIMEOUT
        try:
            # In this order: with the keeper's end still open here, an interrupt would wait for it in vain.
            with interrupt.postponed(), keepers:
                _send(control, argument, surroundings, keepers.fileno(), is_tree=is_tree)
                self._forget = interrupt.on_end(self._interrupted)
        except OSError:
            self._link.close()
            raise
        pids = Pids.decode(self._link.recv(PIDS_SIZE, socket.MSG_WAITALL))
        if pids is None:
            self.end()
            raise OSError("the fork server could not fork")
        self._keeper, self.pid = pids.keeper, pids.process

    def poll(self) -> int | None:
        """The exit status, negative for a signal, or None while the process runs."""
        return self.wait_for(0)

    def wait(self) -> int:
        """The exit status, negative for a signal, once the process has ended."""
        status = self.wait_for(None)
        assert status is not None
        return status

    def wait_for(self, seconds: float | None) -> int | None:
        """Like :meth:`poll`, but gives the process up to ``seconds`` to end."""
        if self._is_over:
            return self._status
        if not select.select([self._link], [], [], seconds)[0]:
            return None
        status = read_status(self._link.recv(STATUS_SIZE, socket.MSG_PEEK))  # it stays: several threads may ask
        # Without a status, either the keeper has killed the process, or the server, because the keeper was killed.
        return status if status is not None else -signal.SIGKILL

    def members(self) -> list[int]:
        """The process and everything that came of it, as far as it runs."""
        return list(usage.family(usage.children(self._keeper)))

    def kill(self) -> None:
        """SIGKILL to all members. Any thread may call it; :meth:`end` is still to be called."""
        for pid in self.members():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> bool:
        """See :meth:`Process.end <grader.serving.processes.Process.end>`."""
        if not self._is_over:
            self._has_ended = self._interrupted()
            self._status = self.poll()
            self._is_over = True
            # Not while an interrupt looks at the link: when it is closed, its number may become another socket's.
            with interrupt.postponed():
                self._forget()
                self._link.close()
        return self._has_ended

    def _interrupted(self) -> bool:
        """Runs between any two instructions of the main thread, so it takes no lock."""
        with suppress(OSError):  # the keeper has been killed
            self._link.shutdown(socket.SHUT_WR)
            if self._keeper:
                os.kill(self._keeper, signal.SIGCONT)  # the app may have stopped it
        gone = select.poll()
        gone.register(self._link, select.POLLRDHUP)  # the keeper has exited, whatever there still is to read
        if gone.poll(1000 * self._timeout):
            return True
        if self._keeper:  # held up, as by a process that traces it: the server ends the rest
            self.kill()
            with suppress(OSError):
                os.kill(self._keeper, signal.SIGKILL)
        return bool(gone.poll(1000 * kernel.END_TIMEOUT))


def socketpair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a control socket."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _send(control: socket.socket, argument: str, around: Surroundings, link: int, *, is_tree: bool) -> None:
    """Order a process. Raises OSError."""
    has_output = around.output != subprocess.DEVNULL
    assert around.output == around.errors, "a server has one place for both"
    asked = NewProcess(
        argument=argument,
        folder=str(around.folder or Path.cwd()),
        environment=dict(os.environ if around.environment is None else around.environment),
        has_output=has_output,
        is_tree=is_tree,
    )
    file = os.memfd_create("process")  # a message is limited to about 200 KiB, an environment is not
    try:
        os.write(file, asked.encode())
        os.lseek(file, 0, os.SEEK_SET)
        output = [around.output] if has_output else []
        socket.send_fds(control, [ForkMessage.FORK.value], [file, link, *output, *around.descriptors])
    except BrokenPipeError:
        raise BrokenPipeError(errno.EPIPE, "the fork server has ended") from None
    finally:
        os.close(file)
