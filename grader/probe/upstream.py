"""The upstream end, as a specification sees it: give items, hold them, fail; count what the app pulls."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from grader.errors import Violation
from grader.probe.draw import mark_of
from grader.probe.gate import Gate
from grader.probe.session import Session
from grader.probe.waiting import UNBLOCK, Awaited, Ready, Waited, never
from grader.protocol.transcript import Act, Lane
from grader.text import plural, visible
from grader.wire import CHECK_IS_OVER

#: Pulls after a disconnect at which counting ends: more than any check allows. FastAPI's own ways of streaming make at
#: most one (a synchronous generator that waits in a thread cannot be cancelled).
_ENOUGH = 3
#: Event-loop iterations in which an app sees a disconnect. The server reads the end of the connection in one, the task
#: that awaits http.disconnect resumes in the next, and the generator is cancelled in a third. Twice as many leave room.
_ITERATIONS_TO_SEE_DISCONNECT = 6
#: Seconds for an app to close its streams at the end of a check. An idle app needs 0.4 to 1.1 ms from a FIN or RST to
#: the CancelledError in its generator (measured).
_TIME_TO_CLOSE = 0.02


class Upstream:
    """What one request of a check pulls from. The request carries :attr:`key`, so that streams never mix."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.key = session.draw.key()
        self._numbers: dict[int, int] = {}
        self._gate = session.server.open_gate(self.key, self._record)
        session.hold(self)
        session.explain(self._situation)
        session.when_failed(self._opened_too_often)

    def another(self) -> Upstream:
        """A second upstream, for a second request of the same check."""
        return Upstream(self._session)

    # -- the gate ---------------------------------------------------------------------------------------------

    def give(self, *items: str) -> None:
        """Let ``items`` through the gate, each to one pull. Does not wait for the pulls."""
        self._gate.give(items)

    def give_all(self, items: Iterable[str]) -> None:
        """Let ``items`` through, and then tell that there is no more."""
        self._gate.give(list(items))
        self.end()

    def end(self) -> None:
        """After what was given there is no more."""
        self._gate.finish()

    def fail(self, message: str = "the upstream is out of order") -> None:
        """After what was given every pull fails with ``message``."""
        self._gate.finish(error=message)

    def flow(self, items: Iterable[str]) -> None:
        """Open the gate: ``items`` go through as fast as the app pulls them."""
        self._gate.flow(iter(items))

    def shut(self) -> None:
        """Shut an open gate: the next pull is held."""
        self._gate.flow(None)

    # -- what the app did ---------------------------------------------------------------------------------------

    @property
    def pulls(self) -> int:
        """How many items the app has asked for so far."""
        self._session.server.call()
        return self._gate.pulls

    @property
    def given_bytes(self) -> int:
        """The UTF-8 bytes of all items that the app has been given so far."""
        self._session.server.call()
        return self._gate.given_bytes

    @property
    def is_closed(self) -> bool:
        """Whether the app has let go of every stream that it opened."""
        return self._gate.open_streams == 0

    def wait_for_pull(self, number: int = 1) -> None:
        """Return when the app has asked for ``number`` items. Raises Violation when it does not."""
        pulled = self._news(lambda: self._gate.pulls >= number)
        waited = self._session.waiter.until(Awaited(pulled, progress=lambda: self._gate.pulls))
        if waited is not Waited.CAME:
            raise Violation(
                expected=f"pull {number} from the upstream",
                seen=f"{plural(self._gate.pulls, 'pull')}; {self._why(waited)}",
                sentence=f"the app has not asked the upstream for item {number}: {self._why(waited)}",
                hint=UNBLOCK if waited is Waited.BLOCKED else "",
                place=self._session.app.blocked_at() if waited is Waited.BLOCKED else None,
            )

    def wait_for_close(self) -> None:
        """Return when the app has let go of the upstream. Raises Violation when it does not.

        A stream that nothing refers to any more counts as let go, even where it waits for Python's collector: an
        exception and its traceback may refer to each other, and no style of writing an app can rule that out.
        """
        released = self._news(lambda: self.is_closed)
        waited = self._session.waiter.stays_quiet(released)
        for _ in range(2):  # what is collected may be what lets go of something else
            if waited is not Waited.SILENT:
                break
            self._session.app.collect_garbage()
            waited = self._session.waiter.until(Awaited(released))
        if waited is not Waited.CAME:
            raise Violation(
                expected="the app closes its connection to the upstream",
                seen=f"still open: {plural(self._gate.open_streams, 'connection')}; {self._why(waited)}",
                sentence=f"the app keeps a connection to the upstream open {self._use()}",
                hint=UNBLOCK if waited is Waited.BLOCKED else "",
                place=self._session.app.blocked_at() if waited is Waited.BLOCKED else None,
            )

    def pulls_after_disconnect(self) -> int:
        """How many items the app pulls after its client has disconnected; each pull is answered with an item.

        Counting ends with the third pull; more of them may have arrived by then, and are counted as well.

        Pulls before the app saw http.disconnect are not counted, so at first the app's event loop gets six iterations
        to see it. After each item it gets time again: a thread that waits for an item learns of the disconnect only
        when the item has come. An app that pauses between two pulls is waited for, unless it closes the stream.
        """
        waiter, asks = self._session.waiter, self._news(lambda: self.is_closed or self._gate.is_awaited)
        hears = waiter.iterate(_ITERATIONS_TO_SEE_DISCONNECT) is Waited.SILENT
        before = self.pulls
        while self.pulls - before < _ENOUGH:
            waiter.until(Awaited(asks))
            if not self._gate.is_awaited:
                break
            self.give(" more")
            hears = hears and waiter.stays_quiet(never) is Waited.SILENT
        return self.pulls - before

    def bytes_pulled_before_stalling(self, items: Iterable[str]) -> int:
        """Open the gate and see how many bytes the app pulls until it pulls no more, or all of ``items``."""
        return flowing(self._session, self._gate, items)

    # -- inside -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """No more is given; what the app still asks for fails.

        An app that is about to see its client's disconnect gets time to close the stream first, so that its log shows
        no error that the grader caused.
        """
        self._news(lambda: self.is_closed)(_TIME_TO_CLOSE)
        self._gate.finish(error=CHECK_IS_OVER)

    def _news(self, condition: Callable[[], bool]) -> Ready:
        return _news(self._session, condition)

    def _use(self) -> str:
        return "and waits for one more item there" if self._gate.is_awaited else "on which it asks for no more items"

    def _why(self, waited: Waited) -> str:
        match waited:
            case Waited.BLOCKED:
                return "its event loop is blocked"
            case Waited.GONE:
                return "its process has ended"
            case _ if self._gate.streams == 0 and self._session.server.unknown_keys:
                asked = visible(self._session.server.unknown_keys[-1], 60)
                return f"it asked for “{asked}” instead, which no request named"
            case _:
                return "it waits for an item" if self._gate.is_awaited else "it asks for no more"

    def _situation(self, asked: str) -> str:
        """What the app does with this upstream, if the request ``asked`` names its key."""
        if mark_of(self.key) not in asked:
            return ""
        gate = self._gate
        if gate.streams == 0:
            return "and the app has not asked the upstream for anything"
        if gate.is_awaited and gate.given:
            return (
                f"though the app has taken {plural(gate.given, 'item')} from the upstream, and waits for the next one"
            )
        if gate.is_awaited:
            return "though the app is at work: it waits for the upstream's first item"
        return f"though the app has taken {plural(gate.given, 'item')} from the upstream, and asks for no more"

    def _opened_too_often(self) -> str:
        requests = sum(mark_of(self.key) in line for line in self._session.requests)
        if not 0 < requests < self._gate.streams:
            return ""
        opened, asked = plural(self._gate.streams, "time"), plural(requests, "request")
        return f"the app opened the upstream {opened} for {asked}, and what one stream has taken the other has not"

    def _record(self, act: Act, stream: int, data: bytes, detail: str) -> None:
        """On the server's thread. Streams are numbered through the whole check, whichever upstream they belong to."""
        if act is Act.OPENED:
            self._session.streams += 1
            self._numbers[stream] = self._session.streams
        self._session.record(Lane.UPSTREAM, act, self._numbers[stream], data, detail)


def flowing(session: Session, gate: Gate, items: Iterable[str]) -> int:
    """Let ``items`` flow through ``gate`` until the app asks for no more; returns the bytes that it was given."""
    gate.flow(iter(items))
    pulls = -1
    while pulls != gate.pulls:
        pulls = gate.pulls
        session.waiter.stays_quiet(_news(session, lambda seen=pulls: gate.pulls != seen))  # type: ignore[misc]
    session.server.call()
    return gate.given_bytes


def _news(session: Session, condition: Callable[[], bool]) -> Ready:
    def ready(timeout: float) -> bool:
        session.server.call()  # what has arrived at the upstream's socket is now counted
        with session.server.news:
            return session.server.news.wait_for(condition, timeout)

    return ready
