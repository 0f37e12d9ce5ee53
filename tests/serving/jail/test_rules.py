"""Refusals of system calls where no machine of ours needs them: without Landlock's signals, and by arguments."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grader.serving.jail import syscalls
from grader.serving.jail.seccomp import Refusal, When, program
from tests.conftest import DEADLINE, ROOT

pytestmark = pytest.mark.skipif(not syscalls.IS_KNOWN, reason="the numbers of system calls are not known here")

_BEFORE = """
import errno, os, signal, socket
from grader.serving.jail import rules, seccomp
from grader.serving.jail.seccomp import Refusal, When

def outcome(act):
    try:
        act()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "works"
"""


def run(source: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _BEFORE + source], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_without_landlock_signals_go_to_the_process_itself_only() -> None:
    assert run(
        """
seccomp.enforce(rules.refusals(is_strict=True, is_alone=False, governs_signals=False))
print(outcome(lambda: os.kill(os.getppid(), 0)), outcome(lambda: os.kill(os.getpid(), 0)))
print(outcome(lambda: signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)))
"""
    ) == ["EPERM", "works", "EPERM"]


def test_without_landlock_no_file_sends_signals_to_another_process() -> None:
    assert run(
        """
import fcntl, struct
seccomp.enforce(rules.refusals(is_strict=True, is_alone=False, governs_signals=False))
one, other = socket.socketpair()
grader = os.getppid()
for owner in (os.getpid(), grader, -grader):
    print(outcome(lambda: fcntl.fcntl(one, fcntl.F_SETOWN, owner)))
print(outcome(lambda: fcntl.fcntl(one, 15, struct.pack("ii", 1, grader))))  # F_SETOWN_EX
for request in (0x8901, 0x8902):  # FIOSETOWN, SIOCSPGRP
    print(outcome(lambda: fcntl.ioctl(one, request, struct.pack("i", grader))))
"""
    ) == ["works", *["EPERM"] * 5]


def test_a_refusal_holds_when_all_its_tests_do() -> None:
    """A test goes by one of several values, or by none of them; what comes after it is still looked at."""
    assert run(
        """
inet, unix, stream, datagram = socket.AF_INET, socket.AF_UNIX, socket.SOCK_STREAM, socket.SOCK_DGRAM
seccomp.enforce([
    Refusal("socket", errno.EACCES, (When(0, (inet, 99)), When(1, (stream, 98), not_=True, mask=0xF))),
    Refusal("socket", errno.EPERM, (When(0, (unix,)),)),
])
for family, kind in ((inet, stream), (inet, datagram), (unix, stream)):
    print(outcome(lambda: socket.socket(family, kind).close()))
"""
    ) == ["works", "EACCES", "EPERM"]


def test_a_refusal_without_an_error_does_nothing_and_succeeds() -> None:
    assert run(
        """
seccomp.enforce([Refusal("fchmod", 0)])
read, write = os.pipe()
before = os.fstat(read).st_mode
print(outcome(lambda: os.fchmod(read, 0)), os.fstat(read).st_mode == before)
"""
    ) == ["works", "True"]


def test_a_call_that_this_architecture_does_not_have_is_left_out() -> None:
    assert program([Refusal("no_such_call", 1, (When(0, (1,)),))]) == program([])
