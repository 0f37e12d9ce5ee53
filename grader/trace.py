"""Shows one request to an app as it happens, at both ends: an annotated `curl -N` that can also be a bad client."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import h11
import httpx

from grader.errors import UsageError
from grader.grading.rig import Rig
from grader.kit import standin
from grader.probe.client import Client
from grader.probe.connection import Disconnect
from grader.probe.gate import Gate
from grader.probe.response import Response
from grader.probe.session import Session
from grader.probe.upstream import flowing
from grader.probe.waiting import Awaited
from grader.protocol.transcript import Act, Entry, Lane, Transcript
from grader.serving.app import Launch
from grader.text import plural

_SLICE = 0.01  # seconds between two looks at both ends
_AFTER = 0.5  # seconds that are shown once the client has left or the response has ended
_BLOCK, _BLOCKS = 1024, 4096  # what is offered to an app whose client does not read: so many items of so many bytes


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask the app."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Manners:
    """How the client and the upstream behave.

    The client leaves after ``leave_after`` chunks, by ``disconnect``, or reads nothing (``stalls``); the upstream
    gives out ``hold`` items and no more. After ``seconds`` the client leaves in any case.
    """

    leave_after: int | None = None
    disconnect: Disconnect = Disconnect.CLOSE
    stalls: bool = False
    hold: int | None = None
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Fields:
    """The header fields of the response, which come right after its status."""

    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What it came to, one sentence a line; ``answered`` says whether there was a response at all.

    ``log`` is what the app printed. It is the learner's: neutralise before showing.
    """

    sentences: tuple[str, ...]
    answered: bool
    log: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Much that happened at once, and is to be looked at afterwards."""

    entries: tuple[Entry, ...]


Sight = Entry | Fields | Stretch


def trace(launch: Launch, request: Request, manners: Manners, show: Callable[[Sight], None]) -> Summary:
    """Boot the app, send ``request``, and show what happens until it is over. Raises BootFailed and UsageError."""
    with Rig(launch) as rig:
        rig.wait_until_ready()
        session = rig.session("trace", Path())
        tape = _Tape()
        session.transcript = tape
        try:
            summary = _Trace(session, request, manners, tape, show).run()
        finally:
            session.close()
        rig.finish()
        return replace(summary, log=rig.log())


class _Tape(Transcript):
    """A transcript that is also read as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self._news: deque[Entry] = deque()  # appended to by two threads, which is atomic

    def add(self, entry: Entry) -> None:
        super().add(entry)
        self._news.append(entry)

    def take(self) -> tuple[Entry, ...]:
        """What has come since it was last asked for."""
        return tuple(self._news.popleft() for _ in range(len(self._news)))


class _Supply:
    """What the gate of one key gives out: the stand-in's words, at its pace."""

    def __init__(self, gate: Gate, hold: int | None) -> None:
        self._gate = gate
        self._answers: Iterator[tuple[float, str]] = iter(standin(gate.key))
        self._left = hold
        self._due: tuple[float, str] | None = None

    def go_on(self) -> None:
        """Give the next item, when the app waits for one and its time has come."""
        if self._left == 0 or not self._gate.is_awaited:
            return
        if self._due is None:
            delay, answer = next(self._answers)
            self._due = time.monotonic() + delay, answer
        if time.monotonic() < self._due[0]:
            return
        match json.loads(self._due[1]):
            case {"item": str(item)}:
                self._gate.give([item])
                self._left = self._left - 1 if self._left is not None else None
            case {"error": str(message)}:
                self._gate.finish(error=message)
            case _:
                self._gate.finish()
        self._due = None


class _Trace:
    def __init__(
        self, session: Session, request: Request, manners: Manners, tape: _Tape, show: Callable[[Sight], None]
    ) -> None:
        self._session = session
        self._request = request
        self._manners = manners
        self._tape = tape
        self._show = show
        self._supplies: dict[str, _Supply] = {}
        self._gates: list[Gate] = []
        self._chunks = 0
        self._answered = False
        self._left_at: int | None = None
        self._reply: Response | None = None
        session.server.on_unknown_key = self._welcome

    def run(self) -> Summary:
        manners, response = self._manners, self._ask()
        deadline = time.monotonic() + manners.seconds
        if manners.stalls:
            return self._stalled(response)
        while not response.is_over and time.monotonic() < deadline and not self._leaves_now():
            self._go_on(response)
        is_over = response.is_over
        if not is_over:
            self._left_at = self._pulls()
            response.disconnect(manners.disconnect)
        last = time.monotonic() + _AFTER
        while time.monotonic() < last and not all(gate.open_streams == 0 for gate in self._gates):
            self._go_on(response)
        self._go_on(response)
        return self._summary(is_over=is_over)

    def _ask(self) -> Response:
        request = self._request
        try:
            self._reply = Client(self._session).request(
                request.method,
                request.path,
                headers=request.headers,
                content=request.body,
                slow=self._manners.stalls,
            )
        except (httpx.InvalidURL, h11.LocalProtocolError, UnicodeError) as error:
            raise UsageError(f"This request cannot be sent: {error}") from None
        return self._reply

    def _welcome(self, key: str) -> Gate:
        """A gate for whatever key the app asks for: nobody has named one. On the server's thread."""
        numbers: dict[int, int] = {}

        def record(act: Act, stream: int, data: bytes, detail: str) -> None:
            if act is Act.OPENED:
                self._session.streams += 1
                numbers[stream] = self._session.streams
            self._session.record(Lane.UPSTREAM, act, numbers[stream], data, detail)

        gate = self._session.server.open_gate(key, record)
        self._gates.append(gate)
        return gate

    def _go_on(self, response: Response) -> None:
        """Look at both ends once, and show what is new."""
        response.look(_SLICE)
        for gate in list(self._gates):
            self._supplies.setdefault(gate.key, _Supply(gate, self._manners.hold)).go_on()
        self._show_news()

    def _show_news(self) -> None:
        for entry in self._tape.take():
            self._show(entry)
            self._chunks += entry.act is Act.CHUNK
            if entry.act is Act.HEAD and self._reply is not None:
                self._answered = True
                self._show(Fields(tuple(self._reply.headers.multi_items())))

    def _leaves_now(self) -> bool:
        after = self._manners.leave_after
        return after is not None and (self._chunks >= after if after else self._answered)

    def _pulls(self) -> int:
        self._session.server.call()
        return sum(gate.pulls for gate in self._gates)

    def _stalled(self, response: Response) -> Summary:
        """A client that does not read: how far does the app run ahead of it?"""
        deadline = time.monotonic() + self._manners.seconds
        self._session.waiter.until(Awaited(lambda timeout: self._is_asked(timeout, deadline)))
        sentences = ["The app asked its upstream for nothing."]
        if self._gates:
            gate = self._gates[0]
            bytes_pulled = flowing(self._session, gate, (f"{number:<{_BLOCK}}" for number in range(_BLOCKS)))
            ahead = f"{plural(gate.given, 'item')} of {_BLOCK} bytes ({bytes_pulled >> 10} KiB)"
            stopped = gate.given < _BLOCKS
            sentences = [
                f"While its client read nothing, the app took {ahead} from the upstream"
                + (", and then waited: it goes as fast as its client." if stopped else ": all that there was.")
            ]
        response.disconnect(self._manners.disconnect)
        self._session.waiter.iterate(6)
        self._show(Stretch(self._tape.take()))
        return Summary(tuple(sentences), answered=bool(self._gates))

    def _is_asked(self, timeout: float, deadline: float) -> bool:
        with self._session.server.news:
            asked = self._session.server.news.wait_for(lambda: bool(self._gates), timeout)
        return asked or time.monotonic() > deadline

    def _summary(self, *, is_over: bool) -> Summary:
        assert self._reply is not None
        if not self._answered:
            says = "no answer" if is_over else f"no answer within {self._manners.seconds:g} seconds"
            return Summary((f"There was {says}.",), answered=False)
        sentences = [f"{plural(self._chunks, 'chunk')}, {plural(self._reply.size, 'byte')} of body."]
        if self._left_at is not None:
            more = self._pulls() - self._left_at
            held = [gate for gate in self._gates if gate.open_streams]
            sentences.append(
                f"After the client had left, the app asked for {plural(more, 'more item')}"
                + (", and still holds its upstream." if held else ", and let its upstream go.")
            )
        return Summary(tuple(sentences), answered=True)
