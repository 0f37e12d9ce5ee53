"""Sends requests to an app and shows live what happens at both ends: `curl -N` with times and pulls."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.errors import UsageError
from grader.grading.rig import Rig
from grader.grading.wording import blocked_loop, sentence
from grader.model import Raised
from grader.probe.client import CannotSend, Client
from grader.probe.connection import Disconnect
from grader.probe.gate import Gate
from grader.probe.leaving import ITERATIONS_TO_SEE_DISCONNECT
from grader.probe.response import Response, exchange_of, faults_of
from grader.probe.session import Session
from grader.probe.stalling import flowing
from grader.probe.waiting import Awaited
from grader.protocol.transcript import Act, Entry, Transcript
from grader.serving.launch import Launch
from grader.standin import standin
from grader.text import plural, visible
from grader.wire import End, Failure, Item, Result

_SLICE = 0.01  # seconds between two looks at both ends
_AFTER = 0.5  # seconds that are shown after the client has disconnected or the response has ended
#: The items of the upstream for an app whose client does not read: 4096 of 1 KiB. The buffers of the connection are
#: kept small, so an app with backpressure stops after 57 to 87 KB (measured on Linux); 4 MiB are far more.
_BLOCK, _BLOCKS = 1024, 4096


@dataclass(frozen=True, slots=True)
class Request:
    """The request to send to the app."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The behaviour of the client and the upstream.

    The client disconnects after ``disconnect_after`` chunks (0: after the header section), as ``disconnect`` says, or
    reads nothing at all (``stalls``). The upstream gives ``hold`` items and holds the next one; None: it holds none.
    After ``seconds`` the client disconnects in any case. ``items`` are the upstream's; None: a few words.
    """

    disconnect_after: int | None = None
    disconnect: Disconnect = Disconnect.CLOSE
    stalls: bool = False
    hold: int | None = None
    seconds: float = 10.0
    items: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class HeaderFields:
    """The header fields of the response, which come right after its status."""

    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The result in sentences, for one line each; ``answered`` says whether there was a response at all.

    ``log`` is the output of the app, ``raised`` the first error that nothing in it caught, and ``causes`` what else may
    be wrong: no such route, a body that loses data, a blocked event loop. Escape them before you show them.
    """

    sentences: tuple[str, ...]
    answered: bool
    log: str = ""
    raised: Raised | None = None
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Burst:
    """The entries from the time when the client read nothing, shown in a shortened form."""

    entries: tuple[Entry, ...]


#: The parts of the output, in order.
Shown = Entry | HeaderFields | Burst


def trace(launch: Launch, requests: Sequence[Request], behaviour: Behaviour, show: Callable[[Shown], None]) -> Summary:
    """Boot the app, send each request when the one before is over, and show what happens.

    Raises BootFailed and UsageError.
    """
    with Rig(launch) as rig:
        rig.wait_until_ready()
        session = rig.session("trace", Path())
        transcript = session.transcript = _LiveTranscript()
        try:
            summaries = [_Trace(session, request, behaviour, transcript, show).run() for request in requests]
            causes = [*session.hints().values(), *(words for summary in summaries for words in summary.causes)]
        finally:
            session.close()
        rig.finish()
        raised = session.app.account.raised(since=session.born)  # all that the app has said is read by now
        causes += [blocked_loop(stuck)] if (stuck := rig.app.longest_blockage) else []
        return replace(_joined(requests, summaries, log=rig.log()), raised=raised, causes=tuple(map(sentence, causes)))


def _joined(requests: Sequence[Request], summaries: Sequence[Summary], *, log: str) -> Summary:
    """One summary of all requests; of several, each sentence says which one it is about."""
    sentences = [
        f"{request.method} {visible(request.path)}: {sentence}" if len(requests) > 1 else sentence
        for request, summary in zip(requests, summaries, strict=True)
        for sentence in summary.sentences
    ]
    return Summary(tuple(sentences), answered=all(summary.answered for summary in summaries), log=log)


class _LiveTranscript(Transcript):
    """A transcript that is also read as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self._new: deque[Entry] = deque()  # two threads append: deque.append is atomic

    def add(self, entry: Entry) -> None:
        super().add(entry)
        self._new.append(entry)

    def take(self) -> tuple[Entry, ...]:
        """The entries since the last call, in the order in which the two ends saw them."""
        return tuple(sorted((self._new.popleft() for _ in range(len(self._new))), key=lambda entry: entry.at))


class _StandIn:
    """Gives the items of the kit's stand-in through the gate of one key, each after its delay."""

    def __init__(self, gate: Gate, behaviour: Behaviour) -> None:
        self._gate = gate
        self._results: Iterator[tuple[float, Result]] = standin(gate.key, behaviour.items)
        self._left = behaviour.hold
        self._due: tuple[float, Result] | None = None

    def give_when_due(self) -> None:
        """Give the next item if the app waits for one and the delay is over."""
        if self._left == 0 or not self._gate.is_awaited:
            return
        if self._due is None:
            delay, result = next(self._results)
            self._due = time.monotonic() + delay, result
        if time.monotonic() < self._due[0]:
            return
        match self._due[1]:
            case Item(text):
                self._gate.give([text])
                self._left = self._left - 1 if self._left is not None else None
            case Failure(message):
                self._gate.finish(error=message)
            case End.END:
                self._gate.finish()
        self._due = None


class _Trace:
    def __init__(
        self,
        session: Session,
        request: Request,
        behaviour: Behaviour,
        transcript: _LiveTranscript,
        show: Callable[[Shown], None],
    ) -> None:
        self._session = session
        self._request = request
        self._behaviour = behaviour
        self._transcript = transcript
        self._show = show
        self._stand_ins: dict[str, _StandIn] = {}
        self._gates: list[Gate] = []
        self._chunks = 0
        self._answered = False
        self._pulls_at_disconnect: int | None = None
        self._response: Response | None = None
        session.server.on_unknown_key = self._open_gate

    def run(self) -> Summary:
        """Send the request, and show what happens until it is over."""
        try:
            return self._run()
        finally:
            self._session.server.forget(gate.key for gate in self._gates)  # the next request begins from the start

    def _run(self) -> Summary:
        behaviour, response = self._behaviour, self._ask()
        exchange = exchange_of(response)
        deadline = time.monotonic() + behaviour.seconds
        if behaviour.stalls:
            return self._stalled(response)
        while not exchange.is_over and time.monotonic() < deadline and not self._disconnects_now():
            self._look(response)
        is_over = exchange.is_over
        if not is_over:
            self._pulls_at_disconnect = self._pulls()
            response.disconnect(behaviour.disconnect)
        last = time.monotonic() + _AFTER
        while time.monotonic() < last and not all(gate.open_streams == 0 for gate in self._gates):
            self._look(response)
        self._look(response)
        return self._summary(is_over=is_over)

    def _ask(self) -> Response:
        request = self._request
        try:
            self._response = Client(self._session).request(
                request.method,
                request.path,
                headers=request.headers,
                content=request.body,
                slow=self._behaviour.stalls,
            )
        except CannotSend as error:
            raise UsageError(f"This request cannot be sent: {error.finding.seen}") from None
        return self._response

    def _open_gate(self, key: str) -> Gate:
        """A gate for whichever key the app asks for. Called on the upstream server's thread."""
        gate = self._session.server.open_gate(key, self._session.upstream_recorder())
        self._gates.append(gate)
        return gate

    def _look(self, response: Response) -> None:
        """Look at both ends once, and show what is new."""
        exchange = exchange_of(response)
        if exchange.is_open:
            exchange.ready(lambda: False)(_SLICE)
        for gate in list(self._gates):
            self._stand_ins.setdefault(gate.key, _StandIn(gate, self._behaviour)).give_when_due()
        self._show_new_entries()

    def _show_new_entries(self) -> None:
        for entry in self._transcript.take():
            self._show(entry)
            self._chunks += entry.act is Act.CHUNK
            if entry.act is Act.HEAD and self._response is not None:
                self._answered = True
                self._show(HeaderFields(tuple(self._response.headers.multi_items())))

    def _disconnects_now(self) -> bool:
        after = self._behaviour.disconnect_after
        return after is not None and (self._chunks >= after if after else self._answered)

    def _pulls(self) -> int:
        self._session.server.call()
        return sum(gate.pulls for gate in self._gates)

    def _stalled(self, response: Response) -> Summary:
        """Show how far the app runs ahead of a client that does not read."""
        deadline = time.monotonic() + self._behaviour.seconds
        self._session.waiter.until(Awaited(lambda timeout: self._is_asked(timeout, deadline)))
        sentences = ["The app did not ask the upstream for an item."]
        if self._gates:
            gate = self._gates[0]
            bytes_pulled = flowing(self._session, gate, (f"{number:<{_BLOCK}}" for number in range(_BLOCKS)))
            ahead = f"{plural(gate.given, 'item')} of {_BLOCK} bytes ({bytes_pulled >> 10} KiB)"
            stopped = gate.given < _BLOCKS
            sentences = [
                f"While its client read nothing, the app took {ahead} from the upstream"
                + (", and then waited for the client to read." if stopped else ": all that there were.")
            ]
        response.disconnect(self._behaviour.disconnect)
        self._session.waiter.iterate(ITERATIONS_TO_SEE_DISCONNECT)
        self._show(Burst(self._transcript.take()))
        return Summary(tuple(sentences), answered=bool(self._gates))

    def _is_asked(self, timeout: float, deadline: float) -> bool:
        with self._session.server.news:
            asked = self._session.server.news.wait_for(lambda: bool(self._gates), timeout)
        return asked or time.monotonic() > deadline

    def _summary(self, *, is_over: bool) -> Summary:
        assert self._response is not None
        if not self._answered:
            within = "" if is_over else f" within {self._behaviour.seconds:g} s"
            return Summary((f"No response{within}.",), answered=False)
        sentences = [f"{plural(self._chunks, 'chunk')}, {plural(exchange_of(self._response).size, 'byte')} of body."]
        if self._pulls_at_disconnect is not None:
            more = self._pulls() - self._pulls_at_disconnect
            held = [gate for gate in self._gates if gate.open_streams]
            sentences.append(
                f"After the disconnect the app asked for {plural(more, 'more item')}, and "
                + ("its upstream connection is still open." if held else "it closed its upstream connection.")
            )
        return Summary(tuple(sentences), answered=True, causes=faults_of(self._response) if is_over else ())
