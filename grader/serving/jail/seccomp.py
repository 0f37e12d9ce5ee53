"""Seccomp: which system calls a process can make. No privilege is needed.

A filter is a program of the classic BPF, which the kernel runs before each call; it sees the number and the arguments
as numbers, and not what they point to (https://docs.kernel.org/userspace-api/seccomp_filter.html). A call that is
refused returns an error; the process goes on.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from grader.serving import kernel
from grader.serving.jail import syscalls

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000  # SECCOMP_RET_ALLOW, _ERRNO, _KILL_PROCESS
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, ALU|AND, JMP|JEQ, JMP|JGE, RET
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # offsets in struct seccomp_data
_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*
#: Numbers from here on are calls for programs of 32 bits (x32), with the same effects under other numbers.
_X32: Final = 0x40000000


class When(NamedTuple):
    """Whether the lower 32 bits of an argument, after ``mask``, are among ``values`` (or, with ``not_``, are not)."""

    argument: int
    values: tuple[int, ...]
    not_: bool = False
    mask: int = 0xFFFFFFFF


class Refusal(NamedTuple):
    """The call returns ``error`` when all tests hold. With the error 0 it does nothing, and says that it succeeded."""

    call: str
    error: int
    tests: tuple[When, ...] = ()


class _Step(NamedTuple):
    """An instruction of BPF: ``yes`` and ``no`` are how many instructions a comparison skips."""

    code: int
    value: int
    yes: int = 0
    no: int = 0


def enforce(refusals: Iterable[Refusal]) -> None:
    """From now on, for this thread and what it starts. Raises OSError."""
    kernel.forbid_new_privileges()  # the kernel asks for it, as for Landlock
    steps = program(refusals)
    code = b"".join(struct.pack("=HBBI", step.code, step.yes, step.no, step.value & 0xFFFFFFFF) for step in steps)
    instructions = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(instructions)))
    syscalls.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))


def program(refusals: Iterable[Refusal]) -> list[_Step]:
    """The filter. It ends a process that calls by the numbers of another architecture: no library does."""
    steps = [
        _Step(_LOAD, _ARCHITECTURE_AT),
        _Step(_EQUAL, _ARCHITECTURES[syscalls.MACHINE], yes=1),
        _Step(_RETURN, _KILL),
        _Step(_LOAD, _NUMBER_AT),
        _Step(_AT_LEAST, _X32, no=1),
        _Step(_RETURN, _ERROR | errno.ENOSYS),
    ]
    for refusal in refusals:
        if refusal.call in syscalls.NUMBERS:
            steps += _of_one(refusal)
    return [*steps, _Step(_RETURN, _ALLOW)]


def _of_one(refusal: Refusal) -> list[_Step]:
    body = [_Step(_RETURN, _ERROR | refusal.error)]
    for test in reversed(refusal.tests):
        body = [*_of_test(test, otherwise=len(body)), *body]
    if refusal.tests:
        body.append(_Step(_LOAD, _NUMBER_AT))  # for the next refusal: the tests have loaded arguments
    return [_Step(_EQUAL, syscalls.NUMBERS[refusal.call], no=len(body)), *body]


def _of_test(test: When, *, otherwise: int) -> list[_Step]:
    """Goes on behind itself when the test holds, and else skips ``otherwise`` steps more."""
    # Both architectures are little-endian: the lower half of an argument comes first.
    steps = [_Step(_LOAD, _ARGUMENTS_AT + 8 * test.argument), _Step(_AND, test.mask)]
    for left, value in zip(range(len(test.values) - 1, -1, -1), test.values, strict=True):
        if test.not_:
            steps.append(_Step(_EQUAL, value, yes=left + otherwise))
        else:
            steps.append(_Step(_EQUAL, value, yes=left, no=0 if left else otherwise))
    return steps
