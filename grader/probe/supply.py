"""What the upstream gave for one request of a check, found by the key that the request carries."""

from __future__ import annotations

from functools import cached_property

from grader.errors import Violation
from grader.probe.asked import Asked
from grader.probe.exchange import Exchange
from grader.probe.gate import Gate
from grader.probe.stream_log import StreamLog, joined
from grader.wire import CHECK_IS_OVER


class NotKnown(Exception):
    """Requests for one key overlapped, so nobody can say which stream of the upstream was whose."""


class Supply:
    """The supply of one request. ``gates`` and ``siblings`` are those of the whole check, this one included."""

    def __init__(self, asked: Asked, exchange: Exchange, *, gates: list[Gate], siblings: list[Supply]) -> None:
        self.asked = asked
        self._exchange = exchange
        self._gates = gates
        self._siblings = siblings

    def items(self) -> list[str]:
        """The items, in order. Raises NotKnown, and Violation where they were too many to keep."""
        log = self.log
        if not log.is_complete:
            raise Violation(expected="a bounded number of pulls", seen="more than 16 MiB of items pulled")
        return list(log.items)

    def failure(self) -> str | None:
        """The message of the failure, if there was one while the check ran. Raises NotKnown."""
        failure = self.log.failure
        return None if failure == CHECK_IS_OVER else failure

    def openings(self) -> int:
        """Connections for this request; of requests with one key, the first counts those too many.

        Where there are too few, requests whose responses did not come to their end are those without.
        """
        gate, same = self._gate, self._same_key
        if gate is None:
            return 0
        if gate.streams > len(same) and same[0] is self:
            return gate.streams - len(same) + 1
        served = sorted(same, key=lambda supply: not supply._exchange.ended)[: gate.streams]
        return int(self in served)

    # Laws look again and again, and at nothing before its check is over: what is found once stays true.

    @cached_property
    def log(self) -> StreamLog:
        """The log of the stream that was opened for this request. Raises NotKnown."""
        gate, same = self._gate, self._same_key
        if gate is None or not gate.logs:
            return StreamLog()
        if len(same) == 1:  # an app that opens the upstream twice has been given all of this
            return joined(gate.logs)
        if not any(other is not self and self._overlaps(other) for other in same):
            place = same.index(self)
            if len(gate.logs) == len(same):
                return gate.logs[place]
            following = min((other._exchange.began for other in same[place + 1 :]), default=float("inf"))
            return joined(self._opened_before(following))  # for some request it was opened twice, or not at all
        if any(log != gate.logs[0] for log in gate.logs):
            raise NotKnown
        return gate.logs[0]

    def _opened_before(self, following: float) -> list[StreamLog]:
        """The logs of the streams that were opened since this request, and before the moment ``following``."""
        assert self._gate is not None
        return [log for log in self._gate.logs if self._exchange.began <= log.opened_at < following]

    @cached_property
    def _gate(self) -> Gate | None:
        """The gate for the key that the request carries; for the longest key where several are in it."""
        exact = [gate for gate in self._gates if self.asked.contains(gate.key)]
        gates = exact or [gate for gate in self._gates if self.asked.has_mark_of(gate.key)]
        return max(gates, key=lambda gate: len(gate.key), default=None)

    @cached_property
    def _same_key(self) -> list[Supply]:
        return [other for other in self._siblings if other._gate is self._gate]

    def _overlaps(self, other: Supply) -> bool:
        mine, others = self._exchange, other._exchange
        return mine.began <= (others.ended_at or mine.began) and others.began <= (mine.ended_at or others.began)
