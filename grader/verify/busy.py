"""Machine load, made on purpose: busy processes that use up processor time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: It ends when the other end of its standard input is closed, however its owner ends.
_BUSY = """
import os, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start()
while True: pass
"""


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Run so many busy processes while the block runs."""
    command = [sys.executable, "-I", "-c", _BUSY]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
