"""Machine load for tests: busy processes that use processor time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from grader.serving.processes import Process, Surroundings

#: It ends when the other end of the pipe is closed, however its owner ends.
_BUSY = """
import os, sys, threading
threading.Thread(target=lambda: (os.read(int(sys.argv[1]), 1), os._exit(0)), daemon=True).start()
while True: pass
"""


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Run so many busy processes while the block runs."""
    theirs, ours = os.pipe()
    command = [sys.executable, "-I", "-c", _BUSY, str(theirs)]
    running = [Process(command, Surroundings(descriptors=(theirs,))) for _ in range(processes)]
    os.close(theirs)
    try:
        yield
    finally:
        for process in running:
            process.end()
        os.close(ours)
