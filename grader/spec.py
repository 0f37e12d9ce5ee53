"""The only module that a specification imports: two ends, and the marks of checks and laws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from grader.model import Check
from grader.probe.asked import Asked
from grader.probe.client import Client
from grader.probe.connection import Disconnect
from grader.probe.draw import Draw
from grader.probe.feeds.events import ServerSentEvent
from grader.probe.feeds.records import JsonLine
from grader.probe.law import Asks, Law, any_request
from grader.probe.pace import Pace
from grader.probe.recorded import Recorded
from grader.probe.response import Response
from grader.probe.upstream import Upstream
from grader.requirement import parse

__all__ = [
    "Asked",
    "Client",
    "Disconnect",
    "Draw",
    "JsonLine",
    "Pace",
    "Recorded",
    "Response",
    "ServerSentEvent",
    "Upstream",
    "check",
    "check_of",
    "law",
    "law_of",
]

Test = TypeVar("Test", bound=Callable[..., None])

_MARK = "stream_katas_check"
_LAW = "stream_katas_law"


def check(
    *,
    points: int,
    after: Callable[..., None] | tuple[Callable[..., None], ...] = (),
    requirement: str = "",
    practice: bool = False,
) -> Callable[[Test], Test]:
    """Make a test function a check.

    Its name, without ``test_``, is the check's id; the first line of its docstring completes "Your server must show
    that ...". ``after`` names the checks without which this one is pointless: it is blocked unless they pass.
    ``requirement`` is the sentence that the check proves: of a standard, with its section in front ("RFC 9110 8.3: A
    sender ..."), or of the kata's README, word for word. Hints stand in hints.toml beside the specification. A check
    for ``practice`` is in the pack of learners, who can read it.
    """
    names = _functions(after)
    return lambda test: _marked(test, points=points, after=names, requirement=requirement, practice=practice)


def law(
    *,
    points: int,
    of: Callable[[Asked], bool] = any_request,
    whole: bool | None = True,
    failing: bool | None = False,
    asks: tuple[Asks, ...] = (),
    after: Callable[..., None] | tuple[Callable[..., None], ...] = (),
    requirement: str = "",
    practice: bool = False,
) -> Callable[[Test], Test]:
    """Make a test function a law: a check of every response of the grade that it covers, whichever check asked for it.

    A law runs after all checks. It covers the responses to requests for which ``of`` is true: those that were read to
    their end (``whole``), those that the client left before (False), or both (None); and those for which the upstream
    did not fail (``failing``), those for which it did (True), or both (None). A function with the parameter
    ``response`` is called with one of them after the other, one with ``responses`` once, with all. ``asks`` are
    functions ``(client, upstream, draw)`` that make requests of the law's own before. Points, ``after``,
    ``requirement`` and ``practice`` are as those of a check; ``after`` may name checks and laws.
    """
    names = _functions(after)
    found = Law(of=of, whole=whole, failing=failing, asks=asks)

    def mark(test: Test) -> Test:
        setattr(test, _LAW, found)
        return _marked(test, points=points, after=names, requirement=requirement, practice=practice, is_law=True)

    return mark


def check_of(test: object) -> Check | None:
    """The check that a test function was made to be, if any."""
    found = getattr(test, _MARK, None)
    return found if isinstance(found, Check) else None


def law_of(test: object) -> Law | None:
    """The law that a test function was made to be, if any."""
    found = getattr(test, _LAW, None)
    return found if isinstance(found, Law) else None


def _functions(after: Callable[..., None] | tuple[Callable[..., None], ...]) -> tuple[Callable[..., None], ...]:
    names = after if isinstance(after, tuple) else (after,)
    if wrong := [name for name in names if not callable(name)]:
        raise TypeError(f"after={wrong[0]!r}: give the function itself, not its name")
    return names


def _marked(
    test: Test,
    *,
    points: int,
    after: tuple[Callable[..., None], ...],
    requirement: str,
    practice: bool,
    is_law: bool = False,
) -> Test:
    found = Check(
        id=_id(test),
        title=(test.__doc__ or "").strip().partition("\n")[0].strip(),
        points=points,
        requirement=parse(requirement) if requirement else None,
        after=tuple(_id(function) for function in after),
        is_law=is_law,
        practice=practice,
    )
    setattr(test, _MARK, found)
    return test


def _id(test: Callable[..., None]) -> str:
    return test.__name__.removeprefix("test_")
