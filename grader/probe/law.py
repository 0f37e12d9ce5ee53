"""A law: what must hold for every response of a grade that it covers, whichever check asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.probe.asked import Asked
from grader.probe.client import Client
from grader.probe.draw import Draw
from grader.probe.recorded import Recorded
from grader.probe.supply import NotKnown
from grader.probe.upstream import Upstream

#: Whether a law is about a request.
Of = Callable[[Asked], bool]
#: Makes requests of a law's own.
Asks = Callable[[Client, Upstream, Draw], None]


def any_request(_: Asked) -> bool:
    """For a law that is about all responses."""
    return True


@dataclass(frozen=True, slots=True)
class Law:
    """The responses that a law covers: by the request, by their end, and by what the upstream did.

    ``whole``: those that were read to their end, or those that were cut short by the client. ``failing``: those for
    which the upstream failed, or those for which it did not. None takes both kinds.
    """

    of: Of
    whole: bool | None = True
    failing: bool | None = False
    asks: tuple[Asks, ...] = ()

    def covers(self, response: Recorded) -> bool:
        """Whether the law has something to say of ``response``."""
        if not response.has_head or not self.of(response.asked):
            return False
        if self.whole is not None and response.is_whole is not self.whole:
            return False
        return self.failing is None or self._failed(response) is self.failing

    def _failed(self, response: Recorded) -> bool | None:
        try:
            return response.failure is not None
        except NotKnown:
            return None
