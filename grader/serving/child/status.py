"""Status lines to the grader."""

from __future__ import annotations

import os
from contextlib import suppress

from grader.wire import Status, Unreachable, encode_status


class StatusLine:
    """The pipe for status lines of the process that the grader started.

    What it forks may tell only what this machine cannot do; it does not start, fail or stop in its place.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pid = os.getpid()

    def tell(self, status: Status) -> None:
        """Never fails: when the grader has ended, the lifeline ends this process."""
        if os.getpid() != self._pid and not isinstance(status, Unreachable):
            return
        with suppress(OSError):
            os.write(self._fd, encode_status(status))
