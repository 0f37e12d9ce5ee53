"""Writes bytes to a descriptor: all of them, or an error.

Another process may have set O_NONBLOCK on a pipe or terminal that it shares with us. Python's own streams then write
what there is room for (64 KiB on Linux), and lose the rest. The flag belongs to all who share the pipe: we do not clear
it.
"""

from __future__ import annotations

import os
import select


def write_some(descriptor: int, data: bytes | bytearray | memoryview) -> int:
    """Write as much as there is room for, and wait while there is none; returns the count. Raises OSError."""
    while True:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            select.select([], [descriptor], [])


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, however slowly its reader reads. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[write_some(descriptor, left) :]
