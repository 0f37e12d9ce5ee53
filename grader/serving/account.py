"""An app's own account: its routes, its output, and the errors that nothing in it caught. No verdict depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.serving.log import Log
from grader.serving.status import AppStatus

if TYPE_CHECKING:
    from grader.model import Raised


class Account:
    """Read it where a check has failed, to explain the failure. Escape all of it before you show it."""

    def __init__(self, status: AppStatus, log: Log) -> None:
        self._status = status
        self._log = log

    @property
    def routes(self) -> tuple[str, ...]:
        """The routes of the app, such as "GET /generate", as far as its framework tells them."""
        return self._status.routes

    @property
    def written(self) -> int:
        """The number of bytes that the app has printed so far."""
        return self._log.written

    def printed_since(self, written: int) -> str:
        """What the app has printed after the first ``written`` bytes."""
        return self._log.since(written)

    def raised(self, *, since: float, until: float = float("inf")) -> Raised | None:
        """The first error between two times of the monotonic clock that nothing in the app caught.

        Rather one in a line of the learner's than another.
        """
        found = self._status.raised(since=since, until=until)
        return next((raised for raised in found if raised.frames), found[0] if found else None)
