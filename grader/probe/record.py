"""The record of one grade: every response that a check has asked for, for the laws."""

from __future__ import annotations

from typing import Final

from grader.errors import Violation
from grader.probe.pace import Pace
from grader.probe.pacing import Blockage, Rest
from grader.probe.reading import Reading
from grader.probe.recorded import Recorded
from grader.probe.request import Request
from grader.probe.session import Session
from grader.probe.supply import Supply

#: Bytes of all bodies together. Those of the katas' solutions have some 5 MiB; the limit is for apps that send without
#: end, check after check.
_MOST: Final = 128 << 20


class Record:
    """Grows with each request; laws read it when all checks are over."""

    def __init__(self) -> None:
        self._responses: list[Recorded] = []
        self._supplies: dict[Session, list[Supply]] = {}  # of the requests of each check

    def add(self, session: Session, request: Request, reading: Reading) -> None:
        """Keep a response, whose bytes will still arrive."""
        siblings = self._supplies.setdefault(session, [])
        siblings.append(Supply(reading.asked, reading.exchange, gates=session.gates, siblings=siblings))
        self._responses.append(Recorded(session, request=request, reading=reading, supply=siblings[-1]))

    def pace(self) -> Pace:
        """The pace of the app, in all checks so far."""
        rests: list[tuple[Recorded, Rest]] = []
        blockages: list[tuple[Recorded, Blockage]] = []
        for session in self._supplies:
            if not (session.pacing.rests or session.pacing.blockages):
                continue
            own = [response for response in self._responses if response.session is session]
            rests += [(own[rest.request], rest) for rest in session.pacing.rests]
            blockages += [(own[blockage.request], blockage) for blockage in session.pacing.blockages]
        return Pace(rests=rests, blockages=blockages)

    @property
    def late(self) -> float:
        """Seconds for which the app has rested on its turn, or blocked its event loop, in all checks so far."""
        return sum(session.pacing.late for session in self._supplies)

    def responses(self) -> list[Recorded]:
        """All responses so far, in the order of their requests. Raises Violation where they are too large to keep."""
        if sum(recorded.size for recorded in self._responses) > _MOST:
            raise Violation(
                expected=f"at most {_MOST >> 20} MiB in all responses of a grade together", seen="more than that"
            )
        return list(self._responses)
