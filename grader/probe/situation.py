"""The situation of an app at one upstream, in words for a report."""

from __future__ import annotations

from grader.probe.draw import mark_of
from grader.probe.gate import Gate
from grader.probe.session import Session
from grader.probe.waiting import Waited
from grader.text import plural, visible


class Situation:
    """Says what the app does at the upstream of ``key``, as far as its gate has seen it."""

    def __init__(self, session: Session, gate: Gate, key: str) -> None:
        self._session = session
        self._gate = gate
        self._key = key

    def why(self, waited: Waited) -> str:
        """The reason why the app did not pull, or did not close, after a wait that ended so."""
        match waited:
            case Waited.BLOCKED:
                return "its event loop is blocked"
            case Waited.GONE:
                return "its process has ended"
            case _ if self._gate.streams == 0 and self._session.server.unknown_keys:
                asked = visible(self._session.server.unknown_keys[-1], 60)
                return f"it asked for “{asked}” instead, which no request contains"
            case _:
                return "it waits for an item" if self._gate.is_awaited else "it does not pull any more"

    def during(self, asked: str) -> str:
        """What the app does with this upstream, if the request ``asked`` contains its key; else ""."""
        if mark_of(self._key) not in asked:
            return ""
        gate = self._gate
        if gate.streams == 0:
            return "the app has not opened an upstream connection"
        taken = f"the app has {plural(gate.given, 'item')} from the upstream"
        if not gate.is_awaited:
            return f"{taken} and does not pull any more"
        return f"{taken} and waits for the next one" if gate.given else "the app waits for the upstream's first item"

    def opened_too_often(self) -> str:
        """A note on an app that opens more connections than there were requests; "" for any other."""
        requests = sum(mark_of(self._key) in line for line in self._session.requests)
        if not 0 < requests < self._gate.streams:
            return ""
        opened, asked = plural(self._gate.streams, "upstream connection"), plural(requests, "request")
        return f"the app opened {opened} for {asked}, and an item that goes to one of them is missing in the other"
