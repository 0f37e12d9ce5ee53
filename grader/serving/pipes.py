"""The pipes between the grader and a child of it."""

from __future__ import annotations

import os
from contextlib import suppress
from types import TracebackType
from typing import Self

from grader.wire import Order


class Lifeline:
    """Takes orders to the child. When it ends, because this process has ended, too, the child ends its whole group."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def order(self, order: Order) -> None:
        with suppress(OSError):  # the child has ended
            os.write(self._fd, order.value)

    def close(self) -> None:
        """May be repeated."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Pipes:
    """A child's status lines, output and lifeline. Leaving ``with`` closes the child's ends here."""

    def __init__(self) -> None:
        self.status, self.childs_status = os.pipe()
        self.output, self.childs_output = os.pipe()
        self.childs_lifeline, lifeline = os.pipe()
        self.lifeline = Lifeline(lifeline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for fd in (self.childs_status, self.childs_output, self.childs_lifeline):
            os.close(fd)

    def close_ours(self) -> None:
        """The child could not be started."""
        os.close(self.status)
        os.close(self.output)
        self.lifeline.close()
