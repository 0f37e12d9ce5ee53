"""Messages between processes, as bytes: the pull protocol, status lines, orders, a child's configuration.

Each message is a small frozen type. ``encode()`` gives its bytes, and a ``read_...`` function takes a line without its
newline. The learner's code shares a process with one of the ends and can write anything on these lines, so reading
tells a valid message from garbage.

It needs the standard library only: the kit and the app's own process import it. `docs/protocol.md` describes the pull
protocol for kits in other languages.

The types are named tuples and enums, because they are defined before each app starts: a named tuple takes 0.2 ms for
that, a frozen dataclass with slots 0.9 ms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple, TypeGuard

# -- the pull protocol: the app's kit asks the upstream for items -----------------------------------------------------

#: The environment variable with the upstream's address, HOST:PORT.
UPSTREAM_VARIABLE: Final = "STREAM_KATAS_UPSTREAM"
#: The request for the next item.
PULL: Final = b"pull\n"
#: A longer line from a kit ends the connection: an opening is as long as its key, and a pull has five bytes.
LONGEST_LINE: Final = 1 << 20
#: The message of the failure that a check's remaining streams get at its end. What comes of it in an app is not logged.
CHECK_IS_OVER: Final = "the check is over"


class Opening(NamedTuple):
    """The first message of a connection: it names the stream. ``key`` is text; anything else is refused by name."""

    key: object

    def encode(self) -> bytes:
        return _line({"open": self.key})


class Item(NamedTuple):
    """The result of one pull."""

    text: str

    def encode(self) -> bytes:
        return _line({"item": self.text})


class End(Enum):
    """There are no more items; the result of this pull and of every later one."""

    END = "end"

    def encode(self) -> bytes:
        return _line({self.value: True})


class Failure(NamedTuple):
    """The upstream failed, and gives no more items; ``message`` is fit for a client to read."""

    message: str

    def encode(self) -> bytes:
        return _line({"error": self.message})


Result = Item | End | Failure


def read_opening(line: bytes) -> Opening | None:
    """The opening in ``line``, or None where it is something else."""
    match _parse(line):
        case {"open": key}:
            return Opening(key)
        case _:
            return None


def is_pull(line: bytes) -> bool:
    return line == PULL.rstrip()


def read_result(line: bytes) -> Result:
    """The result in ``line``. Raises ValueError where it is something else, RecursionError from too deep a stack."""
    match _parse(line, caught=(ValueError,)):  # a RecursionError is the app's own, and must look like it
        case {"item": str(text)}:
            return Item(text)
        case {"error": str(message)}:
            return Failure(message)
        case {"end": True}:
            return End.END
        case _:
            raise ValueError("this is not a result of a pull")


def upstream_address(environment: Mapping[str, str]) -> tuple[str, int] | None:
    """Host and port of the grader's upstream, or None when the app runs without a grader."""
    host, _, port = environment.get(UPSTREAM_VARIABLE, "").rpartition(":")
    return (host, int(port)) if port.isdecimal() else None


def upstream_variable(address: tuple[str, int]) -> dict[str, str]:
    """The environment variable with which a kit finds the upstream."""
    return {UPSTREAM_VARIABLE: f"{address[0]}:{address[1]}"}


# -- status lines: the app's process tells the grader how it is doing -------------------------------------------------


class Location(NamedTuple):
    """A line of the learner's code; ``doing`` is the library call that it is in."""

    file: str
    line: int
    function: str = ""
    text: str = ""
    doing: str = ""


class Sign(Enum):
    """A status that is complete with its name."""

    TICK = "tick"  # a liveness tick, every 50 ms: the process is given time
    UNJAILED = "unjailed"  # this machine has not the jail that was ordered
    IMPORTED = "imported"  # the learner's module has been imported, and the app found in it
    READY = "ready"  # the app's lifespan has started, and the server takes requests
    STARVED = "starved"  # this machine refuses the app a thread, though it has few, as far as the app knows
    OUT_OF_MEMORY = "out_of_memory"  # a request ended with a MemoryError


class Loading(NamedTuple):
    """The learner's module is being imported, for ``seconds`` so far. The first one comes before any learner code."""

    seconds: float
    location: Location | None = None


class Blocked(NamedTuple):
    """The event loop has not iterated for ``seconds``; ``location`` is where it is, as far as that is known."""

    seconds: float
    location: Location | None = None


class Failed(NamedTuple):
    """The app cannot be served: why, what helps, and the learner's frames, innermost last."""

    headline: str
    advice: str = ""
    frames: tuple[Location, ...] = ()


class Raised(NamedTuple):
    """A request, or a task of the app, has ended with an error that nothing caught; its learner's frames."""

    headline: str
    frames: tuple[Location, ...] = ()


class Routes(NamedTuple):
    """The routes of the app, such as "GET /generate", as far as its framework tells them."""

    names: tuple[str, ...]


class Unreachable(NamedTuple):
    """This machine cannot connect the app to its upstream, and ``reason`` is why. It is not the app's fault."""

    reason: str


class Stopped(NamedTuple):
    """The app's lifespan has shut down, as ordered. ``error`` is how that failed, or ""."""

    error: str = ""


Status = Sign | Loading | Blocked | Failed | Raised | Routes | Unreachable | Stopped

_LONGEST_TIME: Final = 1e6  # seconds: more than a grade can last
_MOST_LINES: Final = 1 << 31  # in a file
_SIGNS: Final = {sign.value: sign for sign in Sign}


def encode_status(status: Status) -> bytes:
    if isinstance(status, Sign):
        return _line({"status": status.value})
    return _line({"status": type(status).__name__.lower()} | status._asdict())


def read_status(line: bytes) -> Status | None:
    """The status in ``line``, or None where it is something else."""
    match _parse(line):
        case {"status": "loading", "seconds": seconds, "location": place} if _is_time(seconds):
            return Loading(seconds, _location(place))
        case {"status": "blocked", "seconds": seconds, "location": place} if _is_time(seconds):
            return Blocked(seconds, _location(place))
        case {"status": "failed", "headline": str(headline), "advice": str(advice), "frames": list(frames)}:
            return Failed(_clean(headline), _clean(advice), _locations(frames))
        case {"status": "raised", "headline": str(headline), "frames": list(frames)}:
            return Raised(_clean(headline), _locations(frames))
        case {"status": "routes", "names": list(names)}:
            return Routes(tuple(_clean(name) for name in names if isinstance(name, str)))
        case {"status": "unreachable", "reason": str(reason)}:
            return Unreachable(_clean(reason))
        case {"status": "stopped", "error": str(error)}:
            return Stopped(_clean(error))
        case {"status": str(name)}:
            return _SIGNS.get(name)
        case _:
            return None


def _locations(found: list[object]) -> tuple[Location, ...]:
    return tuple(location for item in found if (location := _location(item)))


def _location(found: object) -> Location | None:
    match found:
        case [str(file), int(line), str(function), str(text), str(doing)]:
            line = line if 0 <= line < _MOST_LINES else 0
            return Location(_clean(file), line, _clean(function), _clean(text), _clean(doing))
        case _:
            return None


def _is_time(seconds: object) -> TypeGuard[float]:
    """Whether these are seconds that a grade can last: NaN, infinities and numbers of a thousand digits are not."""
    return isinstance(seconds, int | float) and 0 <= seconds < _LONGEST_TIME


# -- orders: the grader to the app's process, one byte each on the lifeline -------------------------------------------


class Order(Enum):
    """The grader's orders to the app's process. The end of the lifeline is an order, too: end everything at once."""

    SHUT_DOWN = b"s"
    COLLECT_GARBAGE = b"g"
    SAY_WHERE = b"w"  # where the event loop is


def read_order(data: bytes) -> Order | None:
    """The order in one byte, or None for the end of the lifeline."""
    return Order(data) if data in {order.value for order in Order} else None


# -- the child's configuration, its only argument ---------------------------------------------------------------------


class ChildConfig(NamedTuple):
    """The app to serve, and the way to serve it.

    ``file`` is the learner's module, imported as ``module`` with ``root`` on `sys.path`; ``name`` is the app in it, or
    with ``factory`` what makes the app. ``loop`` and ``http`` are uvicorn's, ``memory`` is in bytes. ``jail`` is the
    plan of the jail, or "". ``listener``, ``status`` and ``lifeline`` are descriptors that were handed down; in a jail
    with a network of its own ``listener`` leads to the grader, which gets the sockets that are made there. ``refused``
    is why the app is not served, or "".
    """

    file: str
    root: str
    module: str
    name: str
    factory: bool
    loop: str
    http: str
    memory: int
    jail: str
    listener: int
    status: int
    lifeline: int
    refused: str = ""

    def encode(self) -> str:
        return json.dumps(self._asdict())

    @classmethod
    def decode(cls, text: str) -> ChildConfig:
        """Raises ValueError and TypeError: the grader itself has written it."""
        return cls(**json.loads(text))


def _line(message: Mapping[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _parse(line: bytes, caught: tuple[type[Exception], ...] = (ValueError, RecursionError)) -> object:
    """The JSON value in ``line``, or None: also of what is nested too deep, or a number too long to read."""
    try:
        return json.loads(line)
    except caught:
        return None


def _clean(text: str) -> str:
    """Without lone surrogates, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "backslashreplace").decode()
