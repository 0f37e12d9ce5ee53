"""Namespaces: a network, processes, users, host names and shared memory of its own.

The process that enters them stays outside with one foot, as their *warden*: it is in the new network, and not among
the new processes. It makes sockets in the network for the grader, which has none itself, and ends as the app ends. The
first of the new processes only adopts orphans; the second is the app.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from grader.serving import backlog, connections
from grader.serving.jail import syscalls
from grader.serving.jail.plan import MORE, SOCKETS_AT_ONCE

_MOUNTS, _CGROUPS, _HOST_NAMES, _IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000  # CLONE_NEW*
_USERS, _PROCESSES, _NETWORK = 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG = 1
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def unshare() -> None:
    """Enter new namespaces. Raises OSError: an ordinary user may not, where the machine forbids it."""
    flags = _MOUNTS | _CGROUPS | _HOST_NAMES | _IPC | _PROCESSES | _NETWORK
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        syscalls.unshare(flags)
    else:  # in a user namespace any user has the privileges that the others need
        syscalls.unshare(flags | _USERS)
        _write("/proc/self/setgroups", "deny")  # otherwise a group map is refused
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _start_loopback()


def split(control: int, upstream: int, prepare: Callable[[], None]) -> int:
    """After :func:`unshare`: become the app's process, and return its listening socket. Only that process returns.

    ``control`` leads to the grader. ``upstream`` is the port of the upstream. ``prepare`` runs in the first process.
    """
    link = socket.socket(fileno=control)
    gate = socket.create_server(("127.0.0.1", upstream))
    listener = connections.listen()  # on any port but that one
    asks = backlog.diagnosis()
    _hand_out(link, listener.getsockname()[1], [gate, *([asks] if asks else []), *_clients()])
    told, tells = os.pipe()
    first = os.fork()
    if first != 0:
        listener.close()
        os.close(tells)
        _close_all_but({link.fileno(), told})
        _watch(first, link, told)
    syscalls.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.close(told)
    link.close()
    if _has_lost_its_reader(tells):  # the warden ended before that call
        os._exit(0)
    prepare()
    app = os.fork()
    if app != 0:
        _close_all_but({tells})
        _adopt_until_end_of(app, tells)
    os.close(tells)
    os.setsid()
    return listener.detach()


def _has_lost_its_reader(pipe: int) -> bool:
    look = select.poll()
    look.register(pipe, 0)
    return bool(look.poll(0))


def _watch(first: int, link: socket.socket, told: int) -> NoReturn:
    """The warden: hands out sockets until the app, or the grader, has ended."""
    while True:
        readable, _, _ = select.select([link.fileno(), told], [], [])
        if told in readable:
            status = os.read(told, 4)
            _, firsts = os.waitpid(first, 0)
            _end_as(struct.unpack("=i", status)[0] if status else os.waitstatus_to_exitcode(firsts))
        if link.recv(1) != MORE:
            os.kill(first, signal.SIGKILL)  # and with it the kernel ends all in its namespace
            os._exit(0)
        with suppress(BrokenPipeError):  # the next look finds the end
            _hand_out(link, 0, _clients())


def _adopt_until_end_of(app: int, tells: int) -> NoReturn:
    while True:
        pid, status = os.wait()
        if pid == app:
            os.write(tells, struct.pack("=i", os.waitstatus_to_exitcode(status)))
            os._exit(0)


def _end_as(status: int) -> NoReturn:
    """End with the status of the app, negative for a signal."""
    if status < 0:
        with suppress(OSError, ValueError):  # SIGKILL has no handler
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(max(status, 0))


def _hand_out(link: socket.socket, port: int, sockets: list[socket.socket]) -> None:
    """Send ``port`` and copies, and close ours."""
    socket.send_fds(link, [struct.pack("=H", port)], [one.fileno() for one in sockets])
    for one in sockets:
        one.close()


def _clients() -> list[socket.socket]:
    """Not connected: the grader connects them, and that happens in the network where they were made."""
    return [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(SOCKETS_AT_ONCE)]


def _start_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def _write(file: str, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _close_all_but(kept: set[int]) -> None:
    """Otherwise the ends of pipes would stay open here after the app has ended."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    first = 3
    for descriptor in (*sorted(fd for fd in kept if fd > 2), 1 << 16):
        os.closerange(first, descriptor)
        first = descriptor + 1
