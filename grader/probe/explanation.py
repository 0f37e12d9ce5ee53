"""Explains why an awaited part of a response has not arrived: the Violation that a check raises."""

from __future__ import annotations

from grader.errors import Violation
from grader.probe.exchange import Exchange
from grader.probe.feeds.feed import Feed
from grader.probe.session import Doing, Session
from grader.probe.waiting import UNBLOCK, Waited
from grader.protocol.http1 import HttpFault
from grader.requirement import cited

#: The name of the awaited thing until the status line and the header fields have arrived.
A_RESPONSE = "a response"


class Explanation:
    """Explains one exchange: from what has arrived, from the process, and from the upstream end."""

    def __init__(self, session: Session, exchange: Exchange) -> None:
        self._session = session
        self._exchange = exchange

    def nothing(self, awaited: str, waited: Waited, feed: Feed[object]) -> Violation:
        """The reason why ``awaited``, read by ``feed``, has not arrived in a wait that ended as ``waited``."""
        exchange, app = self._exchange, self._session.app
        if exchange.fault is not None:
            return self.broken(awaited, exchange.fault)
        spot = exchange.spot(exchange.size) if exchange.size else None
        says, hint, place, told = f"; expected: {awaited}", "", None, ""
        if exchange.ended:
            faults = feed.faults()
            told = faults[-1].message if faults else ""
            seen = "the response has ended" + (f": {told}" if told else "")
            spot = faults[-1].spot if faults else spot
        elif waited is Waited.BLOCKED:
            seen = "the event loop is blocked, so the server does not respond to any request"
            hint, place = UNBLOCK, app.blocked_at()
        elif waited is Waited.GONE:
            seen = app.exit_reason(refuses=True) or "the app no longer accepts connections"
        else:
            seen, hint = self._silence(awaited, feed)
            says = says if exchange.head else ""  # "no response yet" says what is expected
        sentence = seen + says
        return Violation(expected=awaited, seen=seen, sentence=sentence, hint=hint, place=place, spot=spot, told=told)

    def broken(self, awaited: str, fault: HttpFault) -> Violation:
        """The response has broken HTTP before ``awaited`` came."""
        exit_reason = self._session.app.exit_reason()
        seen = fault.message + (f"; {exit_reason}" if exit_reason else "")
        return Violation(expected=awaited, seen=seen, sentence=seen, requirement=cited(fault.rule))

    def _silence(self, awaited: str, feed: Feed[object]) -> tuple[str, str]:
        """The parts of the response that have arrived, the reason why no more come, and what helps with it."""
        doing = self._doing() or Doing("the server responds to other requests meanwhile")
        if self._exchange.head is not None:
            return f"{feed.silence()}: {doing.words}", doing.hint
        before_head = " before it sends its headers" if awaited == A_RESPONSE and doing.waits else ""
        return f"no response yet: {doing.words}{before_head}", doing.hint

    def _doing(self) -> Doing | None:
        """The app's state at the upstream end, which explains a missing response; None when it is unknown."""
        return self._session.doing(self._session.asked[self._exchange.number - 1])
