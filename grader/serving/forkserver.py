"""The process that forks: the ancestor of warm processes, which begin with everything imported.

It imports the standard library only, because it is an ancestor of apps, and it runs on Linux only: it needs a
subreaper, pidfds and /proc. Its messages are those of :mod:`grader.serving.forks`.

The server forks a *keeper*, and the keeper forks the process. The keeper adopts what the process orphans, so that the
orphans of two processes are not mixed up. On the link, a stream, it sends its own pid and that of the process, and
later the exit status (four bytes each). When the other end of the link is closed, it ends the process and everything
that came of it.
"""

from __future__ import annotations

import gc
import os
import select
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from grader.serving import kernel
from grader.serving.forks import MOST_DESCRIPTORS, ForkMessage, NewProcess, Pids, encode_status
from grader.serving.kernel import END_TIMEOUT, GRADERS_TIMEOUT

#: The type that :func:`signal.signal` returns.
Handlers = dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None]
#: The main function of a forked process, called with its argument and its descriptors. It must not return.
Run = Callable[[str, list[int]], object]


def serve(control: int, run: Run) -> NoReturn:
    """Fork for the client at the other end of ``control``, and for its clients, until that end is closed."""
    assert threading.active_count() == 1, "a lock that another thread holds would stay locked in every child"
    gc.collect()
    gc.freeze()  # otherwise the first collection in each child would write to, and so copy, every page
    kernel.set_dumpable(False)  # an app must not write into the memory of what forks the next app
    _Server(run).serve(socket.socket(fileno=control))


class _Server:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._selector = selectors.DefaultSelector()
        self._keepers: set[int] = set()
        self._has_strays = False
        # A terminal's signals are for the owner. A child gets back what was there.
        own = (signal.SIGINT, signal.SIGHUP)
        self._handlers: Handlers = {number: signal.signal(number, signal.SIG_IGN) for number in own}

    def serve(self, control: socket.socket) -> NoReturn:
        self._adopt_orphans_of_keepers()
        self._selector.register(control, selectors.EVENT_READ, self._take_message)
        while True:
            for key, _ in self._selector.select(0.05 if self._has_strays else None):
                react: Callable[[socket.socket], bool] = key.data
                assert isinstance(key.fileobj, socket.socket)
                is_open = react(key.fileobj)
                if not is_open and key.fileobj is control:
                    os._exit(0)
                if not is_open:
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()
            self._end_strays()

    def _adopt_orphans_of_keepers(self) -> None:
        """A keeper may be killed by the process that it keeps, or by that one's orphans: then they come to this one."""
        kernel.adopt_orphans()
        woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only a signal that is handled wakes
        self._selector.register(woken, selectors.EVENT_READ, self._reap)

    def _take_message(self, client: socket.socket) -> bool:
        try:
            kind, descriptors, _, _ = socket.recv_fds(client, 1, MOST_DESCRIPTORS)
        except ConnectionError:
            return False
        if kind == ForkMessage.CLIENT.value:
            self._selector.register(socket.socket(fileno=descriptors[0]), selectors.EVENT_READ, self._take_message)
        elif kind == ForkMessage.FORK.value:
            self._fork(descriptors)
        return kind != b""

    def _fork(self, descriptors: list[int]) -> None:
        with suppress(OSError):  # no more processes: the link ends without a pid
            pid = os.fork()
            if pid == 0:
                _in_child(lambda: _Keeper(self._run, self._handlers, descriptors).keep())
            self._keepers.add(pid)
        for descriptor in descriptors:
            os.close(descriptor)

    def _reap(self, woken: socket.socket) -> bool:
        woken.recv(4096)
        for pid, status in _ended_children():
            self._has_strays |= status != 0 or pid not in self._keepers
            self._keepers.discard(pid)
        return True

    def _end_strays(self) -> None:
        """End all children of this process that are not keepers: they have lost their keeper."""
        if self._has_strays:
            strays = [pid for pid in _children() if pid not in self._keepers]
            self._has_strays = bool(strays)
            for pid in strays:
                _kill(pid, signal.SIGKILL)


class _Keeper:
    """The parent of one process. ``descriptors`` are those of a message ``FORK``."""

    def __init__(self, run: Run, handlers: Handlers, descriptors: list[int]) -> None:
        self._run = run
        self._handlers = handlers
        file_descriptor, self._link, *self._descriptors = descriptors
        _close_all_but({0, 1, 2, *descriptors})
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with open(file_descriptor, "rb") as file:  # closes it
            self._asked = NewProcess.decode(file.read())
        kernel.adopt_orphans()

    def keep(self) -> NoReturn:
        told, tells = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(tells)
            os.read(told, 1)  # the owner knows both pids first: an app may stop its keeper at once
            os.close(told)
            _in_child(self._become)
        for descriptor in (told, *self._descriptors):
            os.close(descriptor)
        link = socket.socket(fileno=self._link)
        with suppress(OSError):  # the owner has gone: the link is readable
            link.sendall(Pids(os.getpid(), pid).encode())
            os.close(tells)
            self._report_end(pid, link)
        # The exit is here: a return would close the link, which says that this process is gone, too. With another
        # status than 0 the server looks for what is left.
        os._exit(0 if self._end(pid) else 1)

    def _report_end(self, pid: int, link: socket.socket) -> None:
        """Wait for the end of the process, and then for that of the link; or only for that of the link."""
        ended = os.pidfd_open(pid)
        readable, _, _ = select.select([ended, link.fileno()], [], [])
        if link.fileno() not in readable:
            info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # not reaped: its group keeps its number
            assert info is not None
            status = info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
            link.sendall(encode_status(status))
            link.recv(1)

    def _end(self, pid: int) -> bool:
        """End the process and everything that came of it; whether nothing is left."""
        if self._asked.is_tree:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            _kill(pid, signal.SIGKILL)  # at its beginning it does not lead a group yet
        else:
            _kill(pid, signal.SIGTERM)
        if not kernel.has_ended(pid, END_TIMEOUT if self._asked.is_tree else GRADERS_TIMEOUT):
            return False
        os.waitpid(pid, 0)
        deadline = time.monotonic() + END_TIMEOUT
        while kernel.has_children() and time.monotonic() < deadline:
            for child in _children():
                _kill(child, signal.SIGKILL)
            time.sleep(0.001)  # not a wait for the child: one that the kernel cannot end would hold this up for ever
            list(_ended_children())
        return not kernel.has_children()

    def _become(self) -> None:
        """Make this process the one that was asked for."""
        kernel.set_dumpable(True)  # as in a process that was executed
        os.close(self._link)
        if self._asked.is_tree:
            os.setsid()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.chdir(self._asked.folder)
        os.environ.clear()
        os.environ.update(self._asked.environment)
        if self._asked.has_output:
            output = self._descriptors.pop(0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
        for descriptor in self._descriptors:
            os.set_inheritable(descriptor, True)  # as they are in a process that was executed
        gc.enable()
        self._run(self._asked.argument, self._descriptors)


def _in_child(act: Callable[[], object]) -> NoReturn:
    """Whatever happens, a child does not return into the loop of its parent."""
    try:
        act()
        os._exit(0)
    except BaseException:
        import traceback  # only after a fault of ours

        traceback.print_exc()
        os._exit(70)  # EX_SOFTWARE of sysexits.h


def _close_all_but(kept: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with suppress(OSError):  # that of the listing
                os.close(int(name))


def _ended_children() -> Iterator[tuple[int, int]]:
    """The pid and wait status of each child that has ended, which is reaped."""
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            yield found


def _children() -> list[int]:
    """The pids of the children of this process, which has one thread. Some may be left out while others end."""
    with open("/proc/thread-self/children", "rb") as file:
        return list(map(int, file.read().split()))


def _kill(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
