"""What hostile code tries. Each attempt raises where it is refused, and touches only what a test has made.

It runs as the app's process would: ``python attempts.py TARGETS [PLAN]`` enters the jail of the plan, makes all
attempts, and prints which of them worked.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import NamedTuple


class Targets(NamedTuple):
    """Made by the test: files, a process, and listeners that an app has no business with."""

    secret: str
    home: str
    neighbour: str
    process: int
    port: int
    abstract: str
    path: str
    marker: str
    queue: int
    memory: int
    semaphore: int


def attempts(at: Targets) -> dict[str, Callable[[], object]]:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long

    def call(number: int, *arguments: int | bytes | None) -> int:
        found: int = libc.syscall(number, *arguments)
        if found < 0:
            raise OSError(ctypes.get_errno(), "refused")
        return found

    def read(file: str) -> bytes:
        with open(file, "rb") as opened:
            return opened.read(1)

    def write(file: str) -> None:
        os.close(os.open(file, os.O_WRONLY))

    def make(file: str) -> None:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT))

    def write_memory() -> None:
        with open(f"/proc/{at.process}/mem", "r+b", 0):
            pass

    def send_signal() -> None:
        signal.pidfd_send_signal(os.pidfd_open(at.process), signal.SIGCONT)

    def take_descriptor() -> None:
        os.close(call(438, os.pidfd_open(at.process), 0, 0))  # pidfd_getfd

    def connect(family: int, address: str | tuple[str, int]) -> None:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.connect(address)

    def connect_by_sending() -> None:
        with socket.socket() as one:
            one.sendto(b"x", 0x20000000, ("127.0.0.1", at.port))  # MSG_FASTOPEN

    def reconnect_a_pair() -> None:
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        other.close()
        one.connect(f"{at.path}.datagrams")

    def reconnect_a_raw_pair() -> None:
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_RAW)  # they are datagrams, by another name
        other.close()
        one.connect(f"{at.path}.datagrams")

    def listen_unbound() -> None:
        with socket.socket() as one:
            one.listen()  # at a free port of all addresses, without bind(2)
            if not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                raise PermissionError

    def of_users_or_groups(act: Callable[[], object]) -> None:
        try:
            act()
        except ProcessLookupError:  # it looked for processes of the user, or of the group, with this number
            return

    def watch(folder: str) -> None:
        inotify = call(294, 0)
        try:
            call(254, inotify, folder.encode(), 0x100)  # inotify_add_watch, IN_CREATE
        finally:
            os.close(inotify)

    def enlarge_buffer() -> None:
        with socket.socket() as one:
            before = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * before)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= before:
                raise PermissionError

    def run(*command: str) -> None:
        if os.waitstatus_to_exitcode(os.system(" ".join(command))):
            raise PermissionError

    def changes(field: int, act: Callable[[], object]) -> None:
        before = os.stat(at.neighbour)[field]
        act()
        if os.stat(at.neighbour)[field] == before:
            raise PermissionError

    return {
        "reads the specification": lambda: read(at.secret),
        "lists the specification": lambda: os.listdir(os.path.dirname(at.secret)),
        "reads a file of the home folder": lambda: read(f"{at.home}/file"),
        "writes a file of the home folder": lambda: write(f"{at.home}/file"),
        "makes a file in the home folder": lambda: make(f"{at.home}/{at.marker}"),
        "reads a neighbour's file": lambda: read(at.neighbour),
        "watches a neighbour's folder": lambda: watch(os.path.dirname(at.neighbour)),
        "writes a neighbour's file": lambda: write(at.neighbour),
        "removes a neighbour's file": lambda: os.rename(at.neighbour, at.neighbour),
        "makes a file among the libraries": lambda: make(f"{os.path.dirname(json.__file__)}/{at.marker}"),
        "sends a signal": lambda: os.kill(at.process, 0),
        "sends a signal by a descriptor": send_signal,
        "reads another environment": lambda: read(f"/proc/{at.process}/environ"),
        "reads another command line": lambda: read(f"/proc/{at.process}/cmdline"),
        "writes another memory": write_memory,
        "traces": lambda: call(101, 0x4206, at.process, None, None),  # ptrace, PTRACE_SEIZE
        "takes a descriptor": take_descriptor,
        "changes another's limits": lambda: resource.prlimit(at.process, resource.RLIMIT_CORE, (0, 0)),
        "changes another's processor": lambda: os.sched_setaffinity(at.process, {0}),
        "changes another's priority": lambda: os.setpriority(os.PRIO_PROCESS, at.process, 1),
        "changes a user's priority": lambda: of_users_or_groups(lambda: os.setpriority(os.PRIO_USER, os.getpid(), 1)),
        "changes a group's priority": lambda: of_users_or_groups(lambda: os.setpriority(os.PRIO_PGRP, os.getpid(), 1)),
        "changes a user's priority at the disk": lambda: of_users_or_groups(  # ioprio_set, IOPRIO_WHO_USER
            lambda: call(251, 3, os.getpid(), 2 << 13 | 4)
        ),
        "sends to a queue by its number": lambda: call(69, at.queue, struct.pack("=qQ", 1, 1), 8, 0o4000),
        "takes from a queue by its number": lambda: call(70, at.queue, bytes(16), 8, 0, 0o4000),
        "looks at a queue by its number": lambda: call(71, at.queue, 2, bytes(200)),  # IPC_STAT
        "takes memory by its number": lambda: call(30, at.memory, None, 0),
        "looks at memory by its number": lambda: call(31, at.memory, 2, bytes(200)),
        "uses a semaphore by its number": lambda: call(65, at.semaphore, struct.pack("=Hhh", 0, 1, 0), 1),
        "waits for a semaphore by its number": lambda: call(220, at.semaphore, struct.pack("=Hhh", 0, 1, 0), 1, None),
        "looks at a semaphore by its number": lambda: call(66, at.semaphore, 0, 12, None),  # GETVAL
        "connects to another server": lambda: connect(socket.AF_INET, ("127.0.0.1", at.port)),
        "connects by sending": connect_by_sending,
        "connects to an abstract socket": lambda: connect(socket.AF_UNIX, f"\0{at.abstract}"),
        "connects to a socket by its path": lambda: connect(socket.AF_UNIX, at.path),
        "reconnects one of a pair": reconnect_a_pair,
        "reconnects a raw one of a pair": reconnect_a_raw_pair,
        "listens without an address": listen_unbound,
        "makes a datagram socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "makes a socket of many paths": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close(),
        "makes a raw socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close(),
        "makes a namespace": lambda: run("unshare", "--user", "true", "2>/dev/null"),
        "uses io_uring": lambda: os.close(call(425, 1, b"\0" * 120)),
        "opens a file by its inode": lambda: call(
            303, -100, at.neighbour.encode(), b"\x80" + b"\0" * 150, b"\0" * 8, 0
        ),
        "makes memory without a name": lambda: os.close(os.memfd_create("memory")),
        "makes memory that outlives it": lambda: call(31, call(29, 0, 4096, 0o1600), 0, None),  # shmget, IPC_RMID
        "makes a socket larger": enlarge_buffer,
        "changes a mode": lambda: changes(0, lambda: os.chmod(at.neighbour, 0o604)),
        "changes a time": lambda: changes(8, lambda: os.utime(at.neighbour, (1, 1))),
        "adds an attribute": lambda: os.setxattr(at.neighbour, "user.attack", b"x"),
    }


def main(targets: str, plan: str = "") -> None:
    at = Targets(*json.loads(targets))
    if plan:
        from grader.serving.jail import entry
        from grader.serving.jail.plan import Plan

        ordered = Plan.decode(plan)
        control = int(os.environ.get("CONTROL", "-1"))
        entry.enter(ordered, control)
    worked = []
    for name, act in attempts(at).items():
        try:
            act()
        except OSError:
            continue
        worked.append(name)
    print(json.dumps(worked), flush=True)  # noqa: T201
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
