"""The upstream end, as a specification sees it: give items, hold them, fail; count what the app pulls."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from grader.errors import Violation
from grader.probe import leaving, timers
from grader.probe.gathering import Gathering
from grader.probe.giver import Giver
from grader.probe.news import news
from grader.probe.session import Session
from grader.probe.situation import Situation
from grader.probe.stalling import flowing
from grader.probe.waiting import UNBLOCK, Awaited, Waited
from grader.probe.watch import Ready
from grader.text import plural
from grader.wire import CHECK_IS_OVER

#: Seconds for an app to close its streams at the end of a check. An idle app needs 0.4 to 1.1 ms from a FIN or RST to
#: the CancelledError in its generator (measured).
_TIME_TO_CLOSE = 0.02


class Upstream(Giver):
    """The upstream of one request of a check. The request carries :attr:`key`, so that items cannot be mixed up."""

    def __init__(self, session: Session, key: str | None = None) -> None:
        self._session = session
        self.key = session.draw.key() if key is None else key
        super().__init__(session.server.open_gate(self.key, session.upstream_recorder()))
        session.gates.append(self._gate)
        session.hold(self)
        self._situation = Situation(session, self._gate)
        session.explain(self._situation.of)
        session.when_failed(self._situation.opened_too_often)
        session.when_failed(lambda: self._situation.left_late(self._pulled_after))
        self._pulled_after = 0

    def another(self, key: str | None = None) -> Upstream:
        """A second upstream, for a second request of the same check; for a ``key`` of one's own, or a drawn one.

        A request belongs to the upstream whose key is a parameter of its query, or a text in its JSON body.
        """
        return Upstream(self._session, key)

    # -- what the app did ---------------------------------------------------------------------------------------

    @property
    def pulls(self) -> int:
        """The number of items that the app has pulled so far."""
        self._session.server.call()
        return self._gate.pulls

    @property
    def openings(self) -> int:
        """The number of upstream connections that the app has opened with this key so far."""
        self._session.server.call()
        return self._gate.streams

    @property
    def given_bytes(self) -> int:
        """The UTF-8 bytes of all items that the app has been given so far."""
        self._session.server.call()
        return self._gate.given_bytes

    @property
    def is_closed(self) -> bool:
        """Whether the app has closed every upstream connection that it opened."""
        return self._gate.open_streams == 0

    def wait_for_pull(self, number: int = 1) -> None:
        """Return when the app has pulled ``number`` items. Raises Violation when it does not."""
        pulled = self._news(lambda: self._gate.pulls >= number)
        waited = self._session.waiter.until(Awaited(pulled, progress=lambda: self._gate.pulls))
        if waited is not Waited.CAME:
            doing = self._situation.after(waited)
            words = self._session.responded(self.key) if waited is Waited.SILENT else ""
            raise _missing(
                self._session,
                waited,
                expected=f"pull {number} from the upstream",
                seen=f"{words or plural(self._gate.pulls, 'pull')}; {doing}",
                sentence=f"the app {f'responded {words}, and ' if words else ''}has not pulled item {number} from the "
                f"upstream: {doing}",
            )

    def wait_with(self, others: Iterable[Upstream]) -> None:
        """Return when the app waits for an item of this upstream and of each of ``others``, all at the same time.

        Raises Violation when it does not: then some requests wait for others. Where the app has slept for 0.1 seconds
        or more meanwhile, all together, that counts as a rest.
        """
        gates = [self._gate, *(other._gate for other in others)]

        def waiting() -> int:
            return sum(gate.is_awaited for gate in gates)

        gathering = Gathering(self._session, self._news(lambda: waiting() == len(gates)))
        waited = self._session.waiter.until(Awaited(gathering.ready, progress=waiting))
        if waited is Waited.CAME:
            gathering.end()
        else:
            why = "the others wait" if waited is Waited.SILENT else self._situation.after(waited)
            raise _missing(
                self._session,
                waited,
                expected=f"all {len(gates)} requests at the same time",
                seen=f"{waiting()} of them; {why}",
                sentence=f"the app serves only {waiting()} of {len(gates)} requests at the same time: {why}",
            )

    def wait_for_close(self) -> None:
        """Return when the app has closed its upstream connection. Raises Violation when it does not.

        A connection that the app no longer refers to counts as closed, even if it waits for Python's garbage collector:
        an exception and its traceback may refer to each other, and the app's author cannot prevent that.
        """
        waited = leaving.wait_until_closed(self._session, self._gate)
        if waited is not Waited.CAME:
            doing = self._situation.after(waited)
            raise _missing(
                self._session,
                waited,
                expected="the app closes its upstream connection",
                seen=f"still open: {plural(self._gate.open_streams, 'connection')}; {doing}",
                sentence=f"the app does not close its upstream connection: {doing}",
            )

    def pulls_after_disconnect(self, *, item: str = " more") -> int:
        """The number of items that the app pulls after its client has disconnected; each pull gets ``item``.

        Counting ends with the third pull; more of them may have arrived by then, and are counted as well.

        Pulls before the app saw http.disconnect are not counted, so at first the app's event loop gets six iterations
        to see it. After each item it gets time again: a thread that waits for an item learns of the disconnect only
        when the item has come. An app that has closed its upstream connection can pull no more; one that keeps it open
        is watched for four seconds after each pull, as it may wait between two of them.
        """
        self._pulled_after = leaving.pulls_after_disconnect(self._session, self._gate, item=item)
        return self._pulled_after

    def outlast_timers(self) -> None:
        """Return when the timers that the app has set are over, after 6 seconds at most; at once where it has none.

        So an upstream that is silent for a while finds an app that gives it up. Costs a right app nothing.
        """
        timers.outlast(self._session)

    def has_timer(self, *, within: float) -> bool:
        """Whether the app waits for a time at most ``within`` seconds away. If not, see what it does then."""
        return timers.is_due(self._session, within=within)

    def bytes_pulled_before_stalling(self, items: Iterable[str], *, enough: int | None = None) -> int:
        """Open the gate; return how many bytes of ``items`` the app is given until it does not pull any more.

        More than ``enough`` bytes end the count. Raises Violation when the app never stops, however slowly it pulls.
        """
        return flowing(self._session, self._gate, items, enough=enough)

    # -- inside -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Give no more items; every further pull fails.

        An app that is about to see its client's disconnect gets time to close the stream first, so that its log shows
        no error that the grader caused.
        """
        self._news(lambda: self.is_closed)(_TIME_TO_CLOSE)
        self._gate.finish(error=CHECK_IS_OVER)

    def _news(self, condition: Callable[[], bool]) -> Ready:
        return news(self._session, condition)


def _missing(session: Session, waited: Waited, *, expected: str, seen: str, sentence: str) -> Violation:
    """What was awaited at the upstream has not come; of a blocked event loop, with its line and what helps."""
    is_blocked = waited is Waited.BLOCKED
    hint, place = (UNBLOCK, session.app.blocked_at()) if is_blocked else ("", None)
    return Violation(expected=expected, seen=seen, sentence=sentence, hint=hint, place=place)
