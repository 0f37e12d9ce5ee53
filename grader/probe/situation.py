"""The app's state at the upstream end, in words: it often explains why a response does not go on."""

from __future__ import annotations

from grader.probe.asked import Asked
from grader.probe.gate import Gate
from grader.probe.session import Doing, Session
from grader.probe.waiting import Waited
from grader.text import plural, visible

#: What helps where an event or a response is late, whatever the check is about.
LATE = (
    "The app has the item, and pulls the next one before it sends what came of this one. Something holds it back: a "
    "list that is filled first, a buffer, a middleware, or a pull that comes too early."
)
#: What helps where a request waits for another one, while the event loop is free.
SERIAL = (
    "The event loop is free, as the server responds to other requests. Something makes this request wait until the "
    "other one is over: a lock, a semaphore, too few threads, or one task that serves all."
)
#: What helps where a request does not go on, though the upstream is not asked and no other request of the check waits.
HELD = (
    "The event loop is free, and nothing outside of the app keeps this request. Something in the app makes it wait: a "
    "sleep, a lock, a semaphore, a queue, or a place that an earlier request has not given back, such as one whose "
    "client left."
)


class Situation:
    """The app's state at the upstream for one key."""

    def __init__(self, session: Session, gate: Gate) -> None:
        self._session = session
        self._gate = gate

    def of(self, asked: Asked) -> Doing | None:
        """The state in words, if the request ``asked`` contains the key; else None."""
        if not asked.carries(self._gate.key):
            return None
        gate = self._gate
        if gate.streams == 0:
            meanwhile = " while another request waits for its item" if self._is_second else ""
            return Doing(f"the app has not opened an upstream connection{meanwhile}", hint=self._kept_by())
        taken = f"the app has {plural(gate.given, 'item')} from the upstream"
        if not gate.is_awaited:
            is_over = any(log.ended or log.failure is not None for log in gate.logs)
            return Doing(f"{taken} and has not pulled the next one", hint="" if is_over else self._kept_by())
        first = "the app waits for the upstream's first item"
        words = f"{taken} and waits for the next one" if gate.given else first
        return Doing(words, waits=True, hint=LATE if gate.given else "")

    @property
    def _is_second(self) -> bool:
        """Whether another request of the check waits for its item."""
        return any(other.is_awaited for other in self._session.gates if other is not self._gate)

    @property
    def _unknown_keys(self) -> list[str]:
        """What the app has asked the upstream for in this check, though no request asks for that."""
        return self._session.server.unknown_keys[self._session.unknown_before :]

    def _kept_by(self) -> str:
        """What helps where the app does not ask the upstream for this request, though it could."""
        if self._is_second:
            return SERIAL
        return "" if self._unknown_keys else HELD

    def after(self, waited: Waited) -> str:
        """The state in words, after a wait that ended without the awaited event."""
        unknown = self._unknown_keys
        match waited:
            case Waited.BLOCKED:
                return "its event loop is blocked"
            case Waited.GONE:
                return "its process has ended"
            case _ if self._gate.streams == 0 and unknown:
                return f"it asked for “{visible(unknown[-1], 60)}” instead, and no request asks for that"
            case _ if self._gate.streams == 0:
                return "it has not opened an upstream connection"
            case _ if self._gate.is_awaited:
                return f"it waits for an item{self._opened_too_rarely()}"
            case _:
                return "it does not pull any more" if self._gate.pulls else "it does not pull"

    def left_late(self, pulled: int) -> str:
        """A remark where the app pulled ``pulled`` items after its client had gone, and then closed its connection."""
        if pulled < 2 or self._gate.open_streams:
            return ""
        return (
            f"the app did notice the disconnect, but only after {plural(pulled, 'more item')}: look for it before each "
            "pull, and not only now and then"
        )

    def _opened_too_rarely(self) -> str:
        """Why the next item may go to another request than the one that is meant; or ""."""
        requests = self._requests()
        if self._gate.streams >= requests:
            return ""
        return f", and has opened {plural(self._gate.streams, 'upstream connection')} for {requests} requests"

    def _requests(self) -> int:
        return sum(asked.carries(self._gate.key) for asked in self._session.asked)

    def opened_too_often(self) -> str:
        """A remark if the app has opened more connections than there are requests with the key; else ""."""
        requests = self._requests()
        if not 0 < requests < self._gate.streams:
            return ""
        opened, asked = plural(self._gate.streams, "upstream connection"), plural(requests, "request")
        return f"the app opened {opened} for {asked}, and an item that goes to one of them is missing in the other"
