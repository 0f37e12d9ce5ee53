"""A queue, memory and a semaphore of System V that are open to each user of the machine; numbers are their names."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

_PRIVATE, _FOR_ALL, _REMOVE = 0, 0o1666, 0  # IPC_PRIVATE; IPC_CREAT and the mode; IPC_RMID


class Shared(NamedTuple):
    queue: int
    memory: int
    semaphore: int


@contextmanager
def shared() -> Iterator[Shared]:
    libc = ctypes.CDLL(None, use_errno=True)
    with ExitStack() as stack:
        queue = libc.msgget(_PRIVATE, _FOR_ALL)
        stack.callback(partial(libc.msgctl, queue, _REMOVE, None))
        memory = libc.shmget(_PRIVATE, 4096, _FOR_ALL)
        stack.callback(partial(libc.shmctl, memory, _REMOVE, None))
        semaphore = libc.semget(_PRIVATE, 1, _FOR_ALL)
        stack.callback(partial(libc.semctl, semaphore, 0, _REMOVE))
        assert min(queue, memory, semaphore) >= 0
        yield Shared(queue, memory, semaphore)
