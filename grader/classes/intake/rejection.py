"""Why a submission cannot be graded, as an exception; and the bounds that it may have overstepped."""

from __future__ import annotations

from grader.classes.model import Bounds, NoReport, Why
from grader.text import visible


class Rejected(Exception):
    """The submission cannot be graded. ``reason`` is for its row in the ledger."""

    def __init__(self, why: Why, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = NoReport(why, visible(sentence, 500))


def refused(sentence: str) -> Rejected:
    """It is too large, or unsafe."""
    return Rejected(Why.REFUSED, sentence)


def unreadable(sentence: str) -> Rejected:
    """It is broken, or the app is not in it."""
    return Rejected(Why.UNREADABLE, sentence)


class Budget:
    """Counts what is copied of one submission, and raises Rejected where that is more than its bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._size = self._files = 0

    def add_file(self) -> None:
        """One more file."""
        self._files += 1
        if self._files > self._bounds.files:
            raise refused(f"it has more than {self._bounds.files} files")

    def add(self, size: int) -> None:
        """So many bytes more."""
        self._size += size
        if self._size > self._bounds.size:
            raise refused(f"it is larger than {megabytes(self._bounds.size)}")


def megabytes(size: int) -> str:
    """Such as "16 MiB", or for a part of one "0.5 MiB"."""
    return f"{size / (1 << 20):g} MiB"
